# SPDX-License-Identifier: Apache-2.0
"""Strict reading of msgpack: section 1. One value has one encoding, and no length is believed before its bound is checked."""
from .fault import Fault, demand

NIL, FALSE, TRUE = 0xC0, 0xC2, 0xC3
# first byte of a long form -> bytes of the length or number that follow
UINT_FORMS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
BIN_FORMS = {0xC4: 1, 0xC5: 2, 0xC6: 4}
STR_FORMS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
ARRAY_FORMS = {0xDC: 2, 0xDD: 4}


class Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def _take(self, count: int) -> bytes:
        demand(count <= len(self.data) - self.at, "truncated", f"at byte {self.at}")
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def _peek(self) -> int:
        demand(self.at < len(self.data), "truncated", f"at byte {self.at}")
        return self.data[self.at]

    def _number(self, forms: dict[int, int], short: range, below: int) -> int:
        """A number or length: in the first byte itself where `short` has it, else in as few bytes as the forms allow."""
        first = self._peek()
        if first in short:
            self.at += 1
            return first - short.start
        demand(first in forms, "wrong-type", f"byte {first:#04x} at {self.at}")
        self.at += 1
        width = forms[first]
        value = int.from_bytes(self._take(width), "big")
        shorter = [other for other in forms.values() if other < width]
        least = 1 << (8 * max(shorter)) if shorter else below
        demand(value >= least, "not-minimal", f"{value} in {width} bytes")
        return value

    def uint(self, least: int, most: int) -> int:
        value = self._number(UINT_FORMS, range(0x00, 0x80), 0x80)
        demand(least <= value <= most, "out-of-range", str(value))
        return value

    def bool(self) -> bool:
        first = self._peek()
        demand(first in (FALSE, TRUE), "wrong-type", f"byte {first:#04x} at {self.at}")
        self.at += 1
        return first == TRUE

    def nil(self) -> bool:
        """Takes a nil where there is one."""
        if self._peek() != NIL:
            return False
        self.at += 1
        return True

    def bin(self, least: int, most: int) -> bytes:
        length = self._number(BIN_FORMS, range(0), 0)
        demand(least <= length <= most, "bad-length", str(length))
        return self._take(length)

    def str(self, least: int, most: int) -> str:
        length = self._number(STR_FORMS, range(0xA0, 0xC0), 0x20)
        demand(least <= length <= most, "bad-length", str(length))
        return clean_text(self._take(length))

    def array(self, least: int, most: int) -> int:
        count = self._number(ARRAY_FORMS, range(0x90, 0xA0), 0x10)
        demand(least <= count <= most, "wrong-count", str(count))
        demand(count <= len(self.data) - self.at, "truncated", f"{count} elements at byte {self.at}")
        return count

    def end(self) -> None:
        demand(self.at == len(self.data), "trailing", f"{len(self.data) - self.at} bytes")


def clean_text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("bad-utf8", str(error)) from error
    for character in text:
        demand(character in "\t\n" or character >= " ", "bad-utf8", repr(character))
        demand(character not in "\ufffe\uffff", "bad-utf8", repr(character))
    return text
