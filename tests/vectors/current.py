#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The committed vectors are what the maker writes. usage: current.py MAKE_VECTORS v1.json"""
import subprocess
import sys

made = subprocess.run([sys.argv[1]], check=True, capture_output=True).stdout
with open(sys.argv[2], "rb") as file:
    same = file.read() == made
print("1..1")
print(("ok" if same else "not ok") + " 1 - the committed vectors are what the maker writes")
sys.exit(0 if same else 1)
