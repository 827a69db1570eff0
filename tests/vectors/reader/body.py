# SPDX-License-Identifier: Apache-2.0
"""The main part: `body` with the fields of its kind, in row order."""
import re
from datetime import datetime

from .fault import Fault, demand
from .objects import Reader, Record
from .spec import BodyField, Kind
from .text import is_id

TIME = re.compile(r"([0-9]{4})(-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)")
NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
CAUSES = {
    "unknown": (),
    "malicious": ("external", "insider", "physical"),
    "accidental": ("human-error", "system-failure"),
    "environmental": (),
    "third-party": ("utility", "telecom", "cloud", "supplier"),
    "other": (),
}
CONFIDENCES = ("low", "medium", "high", "confirmed")
# kinds whose summary, the body's own text, may not be empty
WITH_TEXT = ("secinfo", "notice")


def _is_time(value: str) -> bool:
    said = TIME.fullmatch(value)
    if said is None:
        return False
    try:
        # datetime begins in the year 1; the calendar repeats every 400 years
        datetime.fromisoformat(f"{2000 + int(said[1]) % 400}{said[2]}")
    except ValueError:
        return False
    return True


def _is_cause(value: str) -> bool:
    words = value.split("/")
    if len(words) != 4 or words[0] not in CAUSES or words[2] not in CONFIDENCES:
        return False
    return words[1] in ("", *CAUSES[words[0]]) and _is_time(words[3])


def _fits(field: BodyField, value: str) -> bool:
    match field.type:
        case "text":
            return value != ""
        case "word":
            return value in field.words
        case "time":
            return _is_time(value)
        case "number":
            return NUMBER.fullmatch(value) is not None
        case "id":
            return is_id(value)
        case "cause":
            return _is_cause(value)
    raise AssertionError(field.type)


def check_body(kind: Kind, body: Record) -> None:
    demand(body["text"] != "" or kind.name not in WITH_TEXT, "bad-body", "text")
    rest = list(body["values"])
    for field in kind.fields:
        count = 0
        while rest and rest[0]["name"] == field.name and (count == 0 or field.many):
            demand(_fits(field, rest.pop(0)["value"]), "bad-body", field.name)
            count += 1
        demand(count > 0 or not field.mandatory, "bad-body", f"{field.name} is missing")
    demand(not rest, "bad-body", "a field too many or out of order")


def read_body(reader: Reader, kind: Kind, media_type: str, content: bytes) -> Record:
    demand(media_type == "kairan/" + kind.name, "bad-body", media_type)
    try:
        body = reader.decode("body", content)
    except Fault as fault:
        raise Fault("bad-body", fault.name) from fault
    check_body(kind, body)
    return body
