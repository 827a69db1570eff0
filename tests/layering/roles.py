#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every organisation runs the same program: no role's name stands in the code, its comments, sentences and messages
included, nor in the executables' words. Roles are data: presets, topologies, samples, stories (dist/), and tests. Prints TAP.

usage: roles.py TOP PROGRAM...
"""
import pathlib
import re
import subprocess
import sys

FOLDERS = ("include", "proto", "node", "tools")
# Demonstrations of the reference federation, which name its nodes; nothing is built from them.
DATA = {"tools/quickstart", "tools/screens"}
ROLE = re.compile(
    r"(?<![a-z])(ministr(y|ies|ial)|cabinet|ceptoars?|cep|isacs?|regulators?|operators?|sector[-_ ]bod(y|ies)|foreign[-_]cert|"
    r"(min|op)[-_](energy|comm|power|telecom))(?![a-z])|省庁|内閣|セプター|担当省", re.IGNORECASE)
KNOWN = ["ministry", "MIN_ENERGY", "a Cabinet's", "cep-power", "CEPTOAR", "an ISAC", "sector body", "operators", "内閣官房"]
INNOCENT = ["administry", "accept", "concept", "precept", "isaac", "cooperators"]


def words_in(text):
    return [(number, match.group(0)) for number, line in enumerate(text.splitlines(), 1) for match in ROLE.finditer(line)]


def sources(top):
    for folder in FOLDERS:
        for path in sorted((top / folder).rglob("*")):
            name = str(path.relative_to(top))
            if path.is_file() and "__pycache__" not in name and "/vectors/" not in name and name not in DATA:
                yield name, path


def main(top, programs):
    top = pathlib.Path(top)
    cases = [("it knows a role when it sees one", [word for word in KNOWN if not words_in(word)]),
             ("and nothing else", [word for word in INNOCENT if words_in(word)])]
    found, count = [], 0
    for name, path in sources(top):
        count += 1
        found += [f"{name}:{number}: {word}" for number, word in words_in(path.read_text(encoding="utf-8"))]
    cases.append((f"no role's name in {count} files", found if count > 300 else [f"only {count} files were found"]))
    for program in programs:
        words = subprocess.run(["strings", "-n", "4", program], check=True, capture_output=True, text=True).stdout
        # What a compiler brings along (paths, names of its own) is no sentence of ours.
        said = [line for line in words.splitlines() if " " in line]
        problems = [f"{line}" for line in said if words_in(line)]
        cases.append((f"no role's name in what {pathlib.Path(program).name} says",
                      problems if len(said) > 100 else [f"only {len(said)} sentences were found"]))
    print(f"1..{len(cases)}")
    for number, (name, problems) in enumerate(cases, 1):
        print(f"{'not ' if problems else ''}ok {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if any(problems for _, problems in cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
