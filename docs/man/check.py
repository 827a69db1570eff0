#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Manual pages: mandoc finds nothing to say about them. usage: check.py PAGE..."""
import os
import shutil
import subprocess
import sys

pages = sys.argv[1:]
print(f"1..{len(pages)}")
mandoc = shutil.which("mandoc")
failed = False
for number, page in enumerate(pages, 1):
    name = os.path.basename(page)
    if mandoc is None:
        print(f"ok {number} - {name} # SKIP mandoc is not installed (apt-get install mandoc)")
        continue
    # Cross references to pages that this machine does not have installed are not the page's fault.
    run = subprocess.run([mandoc, "-Tlint", "-Wwarning", page], capture_output=True, text=True)
    found = run.stdout.strip()
    print(f"{'not ok' if found else 'ok'} {number} - {name}")
    for line in found.splitlines():
        print(f"# {line}")
    failed = failed or bool(found)
sys.exit(failed)
