# SPDX-License-Identifier: Apache-2.0
"""The tables of SPEC.md section 9, read from the text itself, so that the reader knows no field that the text does not tell."""
import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class UInt:
    least: int
    most: int


@dataclass(frozen=True)
class Bool:
    pass


@dataclass(frozen=True)
class Bin:
    least: int
    most: int


@dataclass(frozen=True)
class Str:
    least: int
    most: int


@dataclass(frozen=True)
class Object:
    name: str


@dataclass(frozen=True)
class Ext:
    """One addition of a later version."""


@dataclass(frozen=True)
class Array:
    of: "Type"
    least: int
    most: int


@dataclass(frozen=True)
class Nilable:
    of: "Type"


Type = UInt | Bool | Bin | Str | Object | Ext | Array | Nilable


@dataclass(frozen=True)
class Field:
    name: str
    type: Type
    # None: no set; (): a set of plain values; else a set ordered by these fields of its entries
    order: tuple[str, ...] | None


@dataclass(frozen=True)
class BodyField:
    name: str
    type: str
    words: tuple[str, ...]
    mandatory: bool
    many: bool


@dataclass(frozen=True)
class Kind:
    code: int
    name: str
    role: str
    signers: int
    fields: tuple[BodyField, ...]


@dataclass
class Spec:
    objects: dict[str, tuple[Field, ...]] = field(default_factory=dict)
    kinds: dict[int, Kind] = field(default_factory=dict)
    contexts: dict[str, bytes] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)

    def frames(self) -> dict[int, str]:
        """Frame type -> object: whatever has a fixed type behind its version."""
        found = {}
        for name, fields in self.objects.items():
            if len(fields) > 1 and fields[1].name == "type" and isinstance(fields[1].type, UInt):
                if fields[0].name == "version" and fields[1].type.least == fields[1].type.most:
                    found[fields[1].type.least] = name
        return found


def _bounds(text: str) -> tuple[int, int]:
    least, _, most = text.partition(" … ")
    return int(least), int(most or least)


def _element(text: str, each: str | None) -> Type:
    """What an array is of; `each` are the bounds of an entry."""
    if text == "ext":
        return Ext()
    if text == "bin 32":
        return Bin(32, 32)
    if named := re.fullmatch(r"`(\w+)`", text):
        return Object(named[1])
    assert each is not None, text
    return {"uint": UInt, "str": Str, "bin": Bin}[text](*_bounds(each.removesuffix(" bytes")))


def parse_type(text: str) -> Type:
    if text.startswith("nil or "):
        return Nilable(parse_type(text.removeprefix("nil or ")))
    if array := re.fullmatch(r"array of (.+?), count (\d+(?: … \d+)?)(?:, each (.+))?", text):
        return Array(_element(array[1], array[3]), *_bounds(array[2]))
    if named := re.fullmatch(r"`(\w+)`", text):
        return Object(named[1])
    if text == "bool":
        return Bool()
    if number := re.fullmatch(r"uint (?:= )?(\d+(?: … \d+)?)", text):
        return UInt(*_bounds(number[1]))
    if fixed := re.fullmatch(r"bin, (\d+) bytes", text):
        return Bin(int(fixed[1]), int(fixed[1]))
    if string := re.fullmatch(r"(bin|str), bytes (\d+(?: … \d+)?)", text):
        return {"bin": Bin, "str": Str}[string[1]](*_bounds(string[2]))
    raise ValueError(f"SPEC.md has a type that this reader cannot read: {text}")


def _order(about: str) -> tuple[str, ...] | None:
    """Sets say of themselves: ascending, or ascending by (these fields)."""
    said = re.search(r"\bascending(?: by (?:\(([\w, ]+)\)|(\w+)))?", about)
    if said is None:
        return None
    return tuple((said[1] or said[2] or "").replace(",", " ").split())


def _body_fields(text: str) -> tuple[BodyField, ...]:
    fields = []
    for one in text.split("; "):
        said = re.fullmatch(r"`([\w-]+)`(\*?)(\+?) (\w+)(?: \((.+)\))?", one)
        assert said, one
        fields.append(BodyField(said[1], said[4], tuple((said[5] or "").split(", ")), bool(said[2]), bool(said[3])))
    return tuple(fields)


def _row(spec: Spec, section: str, name: str, cells: list[str]) -> None:
    if section == "Objects" and cells[0].isdigit():
        assert int(cells[0]) == len(spec.objects[name]), f"rows of {name} are out of order"
        spec.objects[name] += (Field(cells[1].strip("`"), parse_type(cells[2]), _order(cells[3])),)
    elif section == "Kinds" and cells[0].isdigit():
        role, signers = cells[2].split(" × ")
        kind = Kind(int(cells[0]), cells[1].strip("`"), role, int(signers), _body_fields(cells[3]))
        spec.kinds[kind.code] = kind
    elif section == "Contexts" and cells[1].startswith("`"):
        spec.contexts[cells[0]] = cells[1].strip("`").encode().ljust(16, b"\0")
    elif section == "Faults" and cells[0].startswith("`"):
        spec.faults.add(cells[0].strip("`"))


def load(path: Path) -> Spec:
    spec = Spec()
    section = name = ""
    text = path.read_text("utf-8")
    tables = text[text.index("<!-- tables: ") : text.index("<!-- end of tables -->")]
    for line in tables.splitlines():
        if line.startswith("### "):
            section = line[4:]
        elif line.startswith("#### "):
            name = line[5:].strip("`")
            spec.objects[name] = ()
        elif line.startswith("| "):
            _row(spec, section, name, line[2:-2].split(" | ", 3))
    return spec
