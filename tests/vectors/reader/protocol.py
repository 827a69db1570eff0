# SPDX-License-Identifier: Apache-2.0
"""All rooms of the reader, over one SPEC.md."""
from pathlib import Path

from . import spec
from .advisory import Advisory
from .crypto import Crypto
from .objects import Reader
from .statements import Statements


class Protocol:
    def __init__(self, path: Path) -> None:
        self.spec = spec.load(path)
        self.crypto = Crypto(self.spec)
        self.reader = Reader(self.spec)
        self.statements = Statements(self.spec, self.reader, self.crypto)

    def advisory(self, data: bytes) -> Advisory:
        return Advisory(self.spec, self.reader, self.crypto, data)
