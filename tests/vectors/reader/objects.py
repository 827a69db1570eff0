# SPDX-License-Identifier: Apache-2.0
"""Objects by the tables: section 1. What the strict cursor reads is held against python3-msgpack, both ways."""
from typing import Any

import msgpack

from .cursor import Cursor
from .fault import Fault, demand
from .spec import Array, Bin, Bool, Ext, Field, Nilable, Object, Spec, Str, Type, UInt

VERSION = 1
FRAME_MAX = 196608
FRAME_FIELDS_MAX = 64
EXT_VALUE_MAX = 4096
UINT_MAX = (1 << 64) - 1

Record = dict[str, Any]


class Reader:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.frame_types = spec.frames()

    def decode(self, name: str, data: bytes) -> Record:
        cursor = Cursor(data)
        record = self._object(cursor, name)
        cursor.end()
        assert msgpack.unpackb(data, raw=False, use_list=True) == _plain(record), "msgpack reads other values"
        assert encode(record) == data, "msgpack writes other bytes"
        return record

    def frame(self, data: bytes) -> tuple[str, Record]:
        """Size, count, version and type before anything else is read (section 7)."""
        demand(len(data) <= FRAME_MAX, "oversize")
        cursor = Cursor(data)
        cursor.array(2, FRAME_FIELDS_MAX)
        demand(cursor.uint(0, UINT_MAX) == VERSION, "unknown-version", "frame")
        frame_type = cursor.uint(0, UINT_MAX)
        demand(frame_type in self.frame_types, "unknown-type", str(frame_type))
        name = self.frame_types[frame_type]
        return name, self.decode(name, data)

    def _object(self, cursor: Cursor, name: str) -> Record:
        fields = self.spec.objects[name]
        if fields[0].name == "version":
            _check_version(cursor, name)
        cursor.array(len(fields), len(fields))
        record: Record = {}
        for field in fields:
            record[field.name] = self._value(cursor, field.type)
        for field in fields:
            # an audience's order belongs to the label's meaning
            if field.order is not None and (name, field.name) != ("label", "audience"):
                check_order(field, record[field.name])
        return record

    def _value(self, cursor: Cursor, kind: Type) -> Any:
        match kind:
            case UInt(least, most):
                return cursor.uint(least, most)
            case Bool():
                return cursor.bool()
            case Bin(least, most):
                return cursor.bin(least, most)
            case Str(least, most):
                return cursor.str(least, most)
            case Object(name):
                return self._object(cursor, name)
            case Nilable(inner):
                return None if cursor.nil() else self._value(cursor, inner)
            case Array(Ext(), least, most):
                return _ext(cursor, cursor.array(least, most))
            case Array(inner, least, most):
                return [self._value(cursor, inner) for _ in range(cursor.array(least, most))]
        raise AssertionError(kind)


def _check_version(cursor: Cursor, name: str) -> None:
    """A later version may have another count, so the version is read first. What cannot be read so far has no version."""
    start = cursor.at
    try:
        cursor.array(1, UINT_MAX)
        version = cursor.uint(0, UINT_MAX)
    except Fault:
        version = VERSION
    cursor.at = start
    demand(version == VERSION, "unknown-version", name)


def _ext(cursor: Cursor, count: int) -> list[list[Any]]:
    entries: list[list[Any]] = []
    for _ in range(count):
        cursor.array(3, 3)
        tag, critical, value = cursor.uint(0, UINT_MAX), cursor.bool(), cursor.bin(0, EXT_VALUE_MAX)
        demand(not entries or entries[-1][0] < tag, "ext-order")
        demand(not critical, "critical-ext", str(tag))
        entries.append([tag, critical, value])
    return entries


def ascends(keys: list[Any]) -> bool:
    return all(before < after for before, after in zip(keys, keys[1:]))


def check_order(field: Field, value: Any) -> None:
    if isinstance(value, bytes):  # realms, 16 bytes each, in one string
        demand(len(value) % 16 == 0, "bad-length", field.name)
        keys: list[Any] = [value[at : at + 16] for at in range(0, len(value), 16)]
    elif field.order:
        keys = [sort_key(entry, field.order) for entry in value]
    else:
        keys = [entry.encode() if isinstance(entry, str) else entry for entry in value]
    demand(ascends(keys), "unordered", field.name)


def sort_key(entry: Record, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(entry[name].encode() if isinstance(entry[name], str) else entry[name] for name in names)


def encode(record: Record) -> bytes:
    """One encoding a value: what was read gives the same bytes again."""
    return msgpack.packb(_plain(record), use_bin_type=True)


def _plain(value: Any) -> Any:
    """The bare arrays that a msgpack library sees."""
    if isinstance(value, dict):
        return [_plain(inner) for inner in value.values()]
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
