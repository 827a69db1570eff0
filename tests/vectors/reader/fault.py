# SPDX-License-Identifier: Apache-2.0
"""What is wrong with bytes, by the names of SPEC.md section 9."""


class Fault(Exception):
    """The message is the fault's name; `where` says what was being read."""

    def __init__(self, name: str, where: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.where = where


def demand(holds: bool, name: str, where: str = "") -> None:
    if not holds:
        raise Fault(name, where)
