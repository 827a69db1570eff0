#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house's arrows run down only: include arrows by folder, and what the pure archives leave undefined. Prints TAP.

usage: layering.py TOP PROTO_ARCHIVE ENGINE_ARCHIVE STORE_ARCHIVE
"""
import pathlib
import re
import subprocess
import sys

# Which of the project's headers a folder may include, beside its own.
SEAMS_PROTO = {"base", "fault", "limits", "object", "wire", "frames", "control", "crypto", "tree", "advisory", "label", "card", "agreement",
               "policy", "kinds", "call", "check", "text", "receipt", "bundle", "drill"}
SEAMS_STORE = SEAMS_PROTO | {"store", "records", "rec", "facts"}
ALLOWED = {
    "proto": SEAMS_PROTO,
    "node/store": SEAMS_STORE,
    "node/engine": SEAMS_STORE | {"engine"},
    "node/keys": {"base", "fault", "limits", "text", "keys", "client", "crypto"},
    "node/daemon": SEAMS_STORE | {"engine", "keys", "client"},
    "tools/kairan": SEAMS_STORE | {"keys", "client"},
    "tools/import": SEAMS_PROTO,
}
# System headers that the pure folders may use.
PURE_SYSTEM = {"assert.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
               "stdatomic.h", "string.h", "sys/queue.h", "sodium.h", "msgpack/pack.h", "inttypes.h"}
# Names that a pure archive may leave undefined: memory, text into buffers, assertions, and libsodium's deterministic
# functions. Never a clock, a file, a socket, or a source of randomness.
PURE_NAMES = re.compile(
    r"^(mem(cpy|cmp|set|move|chr)|__mem(cpy|set|move)_chk|str(len|cmp|ncmp|ncat|chr|rchr|spn|cspn|casecmp|ncasecmp|nlen|str|pbrk)|"
    r"(__)?v?snprintf(_chk)?|__assert_fail|__stack_chk_fail|bsearch|qsort|_GLOBAL_OFFSET_TABLE_|"
    r"__popcount[sd]i2|__(asan|ubsan|sanitizer|sancov|gcov)_.*|"
    r"sodium_(memzero|memcmp|is_zero|bin2base64|base642bin|base64_encoded_len|increment|init)|"
    r"crypto_(generichash|sign|scalarmult|aead_xchacha20poly1305_ietf|box|secretbox|stream|onetimeauth|auth|shorthash|hash|verify|kdf|core)\w*)$")
BANNED = re.compile(r"random|keypair$|^crypto_box_seal$|_keygen$")
ENGINE_HEAP = re.compile(r"^(malloc|calloc|realloc|free|reallocarray)$")
SEEDED = re.compile(r"^crypto_(box|sign)_seed_keypair$")

cases = []


def case(name, problems):
    cases.append((name, problems))


def folder_of(path, top):
    parts = path.relative_to(top).parts
    return "/".join(parts[:2]) if parts[0] in ("node", "tools") else parts[0]


def check_includes(top):
    for folder, allowed in sorted(ALLOWED.items()):
        problems = []
        for path in sorted((top / folder).glob("*.[ch]")):
            for header in re.findall(r'#include\s+[<"]([^>"]+)[>"]', path.read_text(encoding="utf-8")):
                if header.startswith("kairan/"):
                    name = header[len("kairan/"):-2]
                    if name not in allowed:
                        problems.append(f"{path.relative_to(top)} includes {header}")
                elif "/" in header and (top / header).exists():
                    problems.append(f"{path.relative_to(top)} reaches into {header}")
                elif folder in ("proto", "node/engine") and not (path.parent / header).exists() \
                        and header not in PURE_SYSTEM:
                    problems.append(f"{path.relative_to(top)} includes {header}")
        case(f"include arrows of {folder}", problems)


def symbols(archive, flag):
    out = subprocess.run(["nm", flag, "--format=just-symbols", archive], check=True, capture_output=True, text=True).stdout
    return {line.strip() for line in out.splitlines() if line.strip() and not line.strip().endswith(":")}


def check_symbols(name, archive, provided, heap):
    problems = []
    for symbol in sorted(symbols(archive, "-u") - provided):
        if symbol.startswith("kai_"):
            problems.append(f"{symbol} comes from a floor above or a sibling")
        elif SEEDED.match(symbol):
            continue
        elif BANNED.search(symbol):
            problems.append(f"{symbol} draws randomness")
        elif not PURE_NAMES.match(symbol) and not (heap and ENGINE_HEAP.match(symbol)):
            problems.append(f"{symbol} is not on the allow list")
    case(f"{name} leaves only pure names undefined", problems)


def main(top, proto, engine, store):
    top = pathlib.Path(top)
    check_includes(top)
    own = symbols(proto, "--defined-only")
    check_symbols("proto", proto, own, heap=False)
    # The engine may call the store's port and records, nothing else outside.
    port = {s for s in symbols(store, "--defined-only") if not s.startswith("kai_store_open")}
    check_symbols("node/engine", engine, own | port | symbols(engine, "--defined-only"), heap=True)
    print(f"1..{len(cases)}")
    for number, (name, problems) in enumerate(cases, 1):
        print(f"{'not ' if problems else ''}ok {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if any(problems for _, problems in cases) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
