#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the generated tables of SPEC.md in step with the code. usage: spec.py check|write SPEC.md TABLES_PROGRAM"""
import subprocess
import sys

BEGIN = "<!-- tables: written by `ninja -C build spec-update`, do not edit -->\n"
END = "<!-- end of tables -->\n"


def main(verb, spec, program):
    tables = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    with open(spec, encoding="utf-8") as file:
        text = file.read()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    wanted = head + BEGIN + tables + END + tail
    if verb == "write":
        with open(spec, "w", encoding="utf-8") as file:
            file.write(wanted)
        return 0
    print("1..1")
    if text == wanted:
        print("ok 1 - SPEC.md carries the tables that the code runs on")
        return 0
    print("not ok 1 - SPEC.md carries the tables that the code runs on\n# run: ninja -C build spec-update")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
