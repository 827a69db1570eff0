# SPDX-License-Identifier: Apache-2.0
"""Section 8 and the fingerprint of section 3."""
import base64
import binascii
import re

from .crypto import LIVE, Crypto
from .fault import Fault, demand

ARMOUR_LINE = 64


def base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def is_id(text: str) -> bool:
    """52 characters for 32 bytes; the one bit group that is not full ends in zeros."""
    if not re.fullmatch(r"[a-z2-7]{52}", text):
        return False
    return base32(base64.b32decode(text.upper() + "====")) == text


def fingerprint(crypto: Crypto, org: bytes) -> str:
    letters = base32(crypto.hash("FINGERPRINT", LIVE, org)[:20])
    return "-".join(letters[at : at + 4] for at in range(0, 32, 4))


def armour_open(crypto: Crypto, kind: str, text: str) -> bytes:
    lines = [line.rstrip("\r \t") for line in text.split("\n")]
    begin, end = f"-----BEGIN {kind}-----", f"-----END {kind}-----"
    if begin not in lines:
        other = any(re.match("-----BEGIN .", line) for line in lines)
        raise Fault("wrong-type" if other else "bad-armour", "no beginning")
    first = lines.index(begin) + 1
    demand(end in lines[first:], "bad-armour", "no end")
    inner = lines[first : lines.index(end, first)]
    demand(bool(inner) and re.fullmatch("=.{16}", inner[-1]) is not None, "bad-armour", "no checksum")
    *body, checksum = inner
    demand(all(len(line) == ARMOUR_LINE for line in body[:-1]), "bad-armour", "length of a line")
    demand(not body or 1 <= len(body[-1]) <= ARMOUR_LINE, "bad-armour", "length of the last line")
    encoded = "".join(body)
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Fault("bad-armour", str(error)) from error
    demand(base64.b64encode(data).decode() == encoded, "bad-armour", "unused bits")
    said = base32(crypto.hash("CHECKSUM", LIVE, kind.encode() + data)[:10])
    demand(checksum == "=" + said, "bad-checksum")
    return data
