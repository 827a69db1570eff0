#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts what a program prints in place of the line @TABLE@. usage: fill.py TEMPLATE PROGRAM OPTION"""
import subprocess
import sys

table = subprocess.run(sys.argv[2:4], check=True, capture_output=True, text=True, encoding="utf-8").stdout
with open(sys.argv[1], encoding="utf-8") as file:
    page = file.read()
if page.count("@TABLE@\n") != 1:
    sys.exit(f"{sys.argv[1]}: has not exactly one line @TABLE@")
sys.stdout.reconfigure(encoding="utf-8")
sys.stdout.write(page.replace("@TABLE@\n", table))
