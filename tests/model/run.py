#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the model of a link's session with spin, and that its mutations are caught. Prints TAP.
usage: run.py SOURCE_ROOT [--wide]     --wide: the larger configurations instead; minutes, and up to 8 GB"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE / "session.pml"
# name, macros of the model, whether the never claim is checked too (with weak fairness)
CONFIGURATIONS = [
    ("safety, 2 items of which one an alert, 1 fault", "N=2 ALERT=2 FAULTS=1", False),
    ("safety, 1 item, 2 faults", "N=1 FAULTS=2", False),
    ("arrival, 1 item, 1 fault", "N=1 FAULTS=1", True),
]
WIDE = [
    ("safety, 2 items, 2 faults", "N=2 FAULTS=2", False),
    ("safety, 2 items of which the first an alert, 2 faults", "N=2 ALERT=1 FAULTS=2", False),
    ("safety, 2 items of which the second an alert, 2 faults", "N=2 ALERT=2 FAULTS=2", False),
    ("safety, 1 item, 3 faults", "N=1 FAULTS=3", False),
    ("safety, 3 items, 1 fault, window of 2", "N=3 ALERT=2 FAULTS=1", False),
    ("safety, 2 items, 1 fault, two steps a turn", "N=2 ALERT=2 FAULTS=1 GROUP=2", False),
    ("safety, 2 items, 1 fault, the sender's store may be set back", "N=2 FAULTS=1 SETBACK", False),
    ("arrival, 2 items, 1 fault", "N=2 ALERT=2 FAULTS=1", True),
    ("arrival, 1 item, 2 faults", "N=1 FAULTS=2", True),
]
MUTATED = "N=2 ALERT=2 FAULTS=1"
TAIL = 14


def run(command, folder, limit=3600):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
    return done.stdout + done.stderr


def explore(folder, macros, claim, short):
    """Builds and runs one verifier. short: breadth first, so that a trace is as short as can be."""
    flags = ["-D" + macro for macro in macros.split()] + (["-DLIVENESS"] if claim else [])
    said = run(["spin", *flags, "-a", str(MODEL)], folder)
    if not (folder / "pan.c").exists():
        sys.exit(f"Bail out! spin made no verifier from {MODEL}: {said}")
    how = ["-DNFAIR=4"] if claim else ["-DSAFETY", "-DNOFAIR"] + (["-DBFS"] if short else [])
    said = run([os.environ.get("CC", "cc").split()[-1], "-w", "-O1", "-DCOLLAPSE", "-DVECTORSZ=2048", *how,
                "-o", "pan", "pan.c"], folder)
    if not (folder / "pan").exists():
        sys.exit(f"Bail out! the verifier does not compile: {said}")
    began = time.monotonic()
    out = run(["./pan", "-m1000000", *(["-a", "-f"] if claim else [])], folder)
    took = time.monotonic() - began
    number = lambda pattern: (re.search(pattern, out) or [None, "0"])[1]
    result = {
        "states": int(float(number(r"([\d.e+]+) states, stored"))),
        "transitions": int(float(number(r"([\d.e+]+) transitions"))),
        "depth": int(number(r"depth reached (\d+)")),
        "memory": float(number(r"([\d.]+)\s+total actual memory")),
        "errors": int((re.search(r"errors: (\d+)", out) or [None, "-1"])[1]),
        "why": number(r"pan:\d+: (.*)"),
        "seconds": took,
        "complete": "max search depth too small" not in out and "Search not completed" not in out,
        "trace": [],
    }
    if result["errors"] > 0:
        told = run(["spin", *flags, "-t", "-k", MODEL.name + ".trail", str(MODEL)], folder)
        result["trace"] = [line.strip() for line in told.split("spin: ")[0].splitlines() if line.strip()]
    return result


def figures(result):
    return (f"{result['states']} states, {result['transitions']} transitions, depth {result['depth']}, "
            f"{result['memory']:.0f} MB, {result['seconds']:.1f} s")


def in_folder(*arguments):
    with tempfile.TemporaryDirectory(prefix="kairan-model-") as name:
        return explore(pathlib.Path(name), *arguments)


def head():
    return MODEL.read_text().split("*/")[1]


def unknown_functions(root):
    """Functions that the model's table names and the engine does not define; steps that are not in the model."""
    engine = "\n".join(path.read_text() for path in sorted((root / "node/engine").glob("*.c")))
    model = MODEL.read_text()
    rows = re.search(r"functions\n(.*?)\n \*\n", head(), re.S)[1].splitlines()
    missing, count = [], 0
    for row in rows:
        steps, functions = re.match(r" \*   (\S.*?)  +(\S.*)", row).groups()
        for name in functions.split(", "):
            count += 1
            # a definition: the name, its parameters, an opening brace on the next line
            if not re.search(rf"\b{name}\([^;{{}}]*\)\n{{", engine):
                missing.append(name)
        missing += [step for step in steps.split(", ") if f"inline {step}(" not in model]
    return missing, count


def main():
    root = pathlib.Path(sys.argv[1])
    if shutil.which("spin") is None:
        print("1..0 # SKIP spin is not installed (package spin)")
        return 0
    wide = "--wide" in sys.argv[2:]
    mutations = [] if wide else re.findall(r"^ \*   ([A-Z_]+)  ", head().split("Mutations")[1], re.M)
    runs = [(name, macros, claim, False) for name, macros, claim in (WIDE if wide else CONFIGURATIONS)]
    runs += [(name, f"{MUTATED} {name}", False, True) for name in mutations]
    missing, count = unknown_functions(root)
    print(f"1..{len(runs) + 1}")
    failed = 1 if missing else 0
    print(f"{'not ok' if missing else 'ok'} 1 - the engine has the {count} functions that the model stands for")
    for name in missing:
        print(f"# not there: {name}")
    with concurrent.futures.ThreadPoolExecutor(max_workers=1 if wide else 2) as pool:
        results = pool.map(lambda what: in_folder(*what[1:]), runs)
        for number, ((name, macros, _, mutated), result) in enumerate(zip(runs, results), 2):
            good = result["errors"] > 0 if mutated else result["errors"] == 0 and result["complete"]
            failed += not good
            verdict = f"{name}: caught" if mutated and good else f"{name} is not caught" if mutated else name
            print(f"{'ok' if good else 'not ok'} {number} - {verdict}", flush=True)
            print(f"# {macros}: {figures(result)}")
            if result["errors"] > 0:
                print(f"# {result['why']}")
            for line in result["trace"][-TAIL:]:
                print(f"#   {line}", flush=True)
    return 1 if failed else 0


sys.exit(main())
