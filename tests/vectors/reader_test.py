#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader, written from proto/SPEC.md alone, reads every test vector, or a node's export.

usage: reader_test.py                    the vectors of $KAIRAN_VECTORS, else proto/vectors/v1.json
       reader_test.py --export FILE.json what kairan-test-export wrote
"""
import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from reader.export import check_export
from reader.protocol import Protocol
from reader.tap import Tap
from reader.vectors import check_vectors

PROTO = Path(__file__).resolve().parents[2] / "proto"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", type=Path, metavar="FILE.json")
    export: Path | None = parser.parse_args().export
    path = export or Path(os.environ.get("KAIRAN_VECTORS", PROTO / "vectors" / "v1.json"))
    check: Callable[[Tap, Protocol, dict], None] = check_export if export else check_vectors
    tap = Tap()
    check(tap, Protocol(PROTO / "SPEC.md"), json.loads(path.read_text("utf-8")))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
