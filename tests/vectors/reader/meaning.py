# SPDX-License-Identifier: Apache-2.0
"""What objects must say beside their form: labels (section 5), headers (section 4), cards and statements (section 3)."""
import re

from .fault import demand
from .objects import Record, ascends, sort_key
from .spec import Spec

ORG, COMMUNITY, SECTOR, COUNTRY = 1, 2, 3, 4
RED, GREEN, CLEAR = 1, 4, 5
SIGNING, SEALING = 1, 2
SEALED_WRAP = 2
RETRACT = "retract"
RETRACT_CONTENT_MAX = 2048
ADVISORY_MAX = 4 << 20
DRILL_MAX_MS = 30 * 86_400_000
DRILL_AHEAD_MS = 90 * 86_400_000
MEMBERSHIP_MAX_MS = 90 * 24 * 3600 * 1000
COMMUNITY_NAME = re.compile(r"[a-z0-9-]{1,64}")
ENDPOINT = re.compile(r"tcp://([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\]):([1-9][0-9]{0,4})")
SECTOR_CODE = re.compile(r"[a-z0-9.-]+:[a-z0-9.-]+")
TWO_CAPITALS = re.compile(r"[A-Z]{2}")


def padded_len(content_len: int) -> int:
    """Padmé above 256 bytes."""
    length = 4 + content_len
    if length <= 256:
        return 256
    exponent = length.bit_length() - 1
    unit = 1 << (exponent - exponent.bit_length())
    return -(-length // unit) * unit


def _entry_readable(entry: Record) -> bool:
    org, text = entry["org"], entry["text"]
    match entry["type"]:
        case 1:
            return len(org) == 32 and text == ""
        case 2:
            return len(org) == 32 and COMMUNITY_NAME.fullmatch(text) is not None
        case 3:
            return org == b"" and SECTOR_CODE.fullmatch(text) is not None
        case 4:
            return org == b"" and TWO_CAPITALS.fullmatch(text) is not None
    return False


def check_label(label: Record) -> None:
    audience, tlp = label["audience"], label["tlp"]
    known = 1 <= tlp <= 5 and 1 <= label["onward"] <= 4 and 1 <= label["attribution"] <= 3
    known = known and 1 <= label["pap"] <= 4 and label["gov_share"] <= 1
    demand(known, "label-unreadable", "unknown value")
    demand(all(_entry_readable(entry) for entry in audience), "label-unreadable", "audience entry")
    demand(ascends([sort_key(entry, ("type", "org", "text")) for entry in audience]), "label-unreadable", "audience order")
    demand((tlp == CLEAR) == (not audience), "label-unreadable", "audience and CLEAR")
    types = {entry["type"] for entry in audience}
    demand(tlp != RED or types <= {ORG}, "label-unreadable", "RED")
    demand(tlp != GREEN or types <= {ORG, COMMUNITY}, "label-unreadable", "GREEN")


def _check_country(country: str) -> None:
    demand(TWO_CAPITALS.fullmatch(country) is not None, "contradiction", "country")


def _check_community(name: str) -> None:
    demand(COMMUNITY_NAME.fullmatch(name) is not None, "contradiction", "community name")


def _check_sectors(sectors: list[str]) -> None:
    demand(all(SECTOR_CODE.fullmatch(code) for code in sectors), "contradiction", "sector code")


def check_header(spec: Spec, header: Record) -> None:
    demand(header["kind"] in spec.kinds, "contradiction", "kind")
    demand(1 <= header["urgency"] <= 3, "contradiction", "urgency")
    _check_country(header["country"])
    demand(header["created_at"] < header["not_after"], "contradiction", "not_after")
    first = header["revision"] == 1
    demand((header["thread"] is None) == first, "contradiction", "thread")
    demand(not first or not header["supersedes"], "contradiction", "supersedes")
    _check_sectors(header["sectors"])
    parts = header["parts"]
    names = [part["name"] for part in parts]
    demand(len(set(names)) == len(names), "contradiction", "two parts of one name")
    demand(names[0] == "main", "contradiction", "main")
    demand(sum(part["size"] for part in parts) <= ADVISORY_MAX, "contradiction", "size")
    if spec.kinds[header["kind"]].name == RETRACT:
        demand(header["revision"] >= 2 and len(header["supersedes"]) == 1, "contradiction", "retraction")
        small = len(parts) == 1 and parts[0]["size"] <= padded_len(RETRACT_CONTENT_MAX)
        demand(small, "contradiction", "parts of a retraction")
    check_label(header["label"])


def _check_window(record: Record, start: str, end: str) -> None:
    demand(record[start] < record[end], "contradiction", end)


def check_card(card: Record) -> None:
    _check_window(card, "issued_at", "valid_until")
    _check_country(card["country"])
    _check_sectors(card["sectors"])
    for key in card["keys"]:
        _check_window(key, "not_before", "not_after")
        fits = (key["use"] == SIGNING and 1 <= key["role"] <= 3) or (key["use"] == SEALING and key["role"] == 0)
        demand(fits, "contradiction", "role of a key")


def check_node_record(record: Record) -> None:
    _check_window(record, "issued_at", "valid_until")
    for key in record["keys"]:
        _check_window(key, "not_before", "not_after")
    for endpoint in record["endpoints"]:
        said = ENDPOINT.fullmatch(endpoint)
        demand(said is not None and int(said[2]) <= 65535, "contradiction", "endpoint")


def check_membership(membership: Record) -> None:
    _check_window(membership, "valid_from", "valid_until")
    _check_community(membership["name"])
    length_ms = membership["valid_until"] - membership["valid_from"]
    demand(length_ms <= MEMBERSHIP_MAX_MS, "contradiction", "longer than 90 days")


def check_notice(notice: Record) -> None:
    demand(1 <= notice["action"] <= 3, "contradiction", "action")


def check_drill(drill: Record) -> None:
    _check_window(drill, "from", "until")
    demand(any(drill["realm"]), "contradiction", "the live realm")
    demand(1 <= drill["level"] <= 2, "contradiction", "level")
    demand(drill["until"] - drill["from"] <= DRILL_MAX_MS, "contradiction", "longer than 30 days")
    demand(drill["created_at"] < drill["until"], "contradiction", "over when it was made")
    demand(drill["from"] <= drill["created_at"] + DRILL_AHEAD_MS, "contradiction", "begins too late")
    demand("live" not in (drill["name"].lower(), drill["word"].lower()), "contradiction", "called live")
    demand(drill["director"] in drill["participants"], "contradiction", "director takes no part")


def check_drill_say(say: Record) -> None:
    demand(any(say["realm"]) and 1 <= say["what"] <= 3, "contradiction", "what")


def check_release(release: Record) -> None:
    _check_window(release, "at", "expires")
    check_label(release["label"])


def _check_rollup(rollup: Record | None) -> None:
    if rollup is not None:
        reached = [rollup[name] for name in ("members", "delivered", "seen", "received", "action")]
        demand(reached == sorted(reached, reverse=True), "contradiction", "counts")
        demand(rollup["attested"] <= rollup["members"], "contradiction", "attested")


def check_receipt(receipt: Record) -> None:
    entries = receipt["entries"]
    demand(ascends([(entry["id"], entry["level"]) for entry in entries]), "unordered", "entries")
    for entry in entries:
        level = entry["level"]
        if level > 5:  # of a later version: passed over
            continue
        person = 2 <= level <= 4
        demand((level == 4) == (entry["action"] != 0), "contradiction", "action")
        demand(person == (entry["role"] != "") and (person or entry["note"] == ""), "contradiction", "role")
        demand((level == 5) == (entry["forwarded"] is not None), "contradiction", "forwarded")
        demand(entry["below"] is None or level == 5, "contradiction", "below")
        _check_rollup(entry["forwarded"])
        _check_rollup(entry["below"])


def check_bundle(bundle: Record) -> None:
    demand(ascends(bundle["heard"]), "unordered", "heard")
    demand(bundle["from"] != bundle["to"], "contradiction", "for its writer")
    wraps = [wrap for advisory in bundle["advisories"] for wrap in advisory["wraps"]]
    demand(all(wrap["kind"] == SEALED_WRAP for wrap in wraps), "contradiction", "a wrap that is not sealed")


def _check_kinds(spec: Spec, kinds: list[int]) -> None:
    demand(all(code in spec.kinds for code in kinds), "contradiction", "kind")


def _check_duty(spec: Spec, duty: Record) -> None:
    _check_kinds(spec, duty["kinds"])
    demand(ascends(duty["kinds"]), "unordered", "kinds of a duty")
    demand(1 <= duty["urgency"] <= 3 and 1 <= duty["action"] <= 3, "contradiction", "duty")
    target = duty["target"]
    fits = all(_entry_readable(entry) and entry["type"] in (ORG, COMMUNITY) for entry in target)
    demand(fits, "contradiction", "target of a duty")
    demand(ascends([sort_key(entry, ("type", "org", "text")) for entry in target]), "unordered", "target of a duty")


def _check_contingency(spec: Spec, terms: Record) -> None:
    parties = (terms["a"]["org"], terms["b"]["org"])
    for clause in terms["contingency"]:
        _check_kinds(spec, clause["kinds"])
        demand(ascends(clause["kinds"]), "unordered", "kinds of a clause")
        demand(clause["to"] in parties and clause["from"] != clause["to"], "contradiction", "clause")
    demand(not terms["contingency_only"] or bool(terms["contingency"]), "contradiction", "contingency_only without a clause")


def _check_direction(spec: Spec, direction: Record) -> None:
    known = 1 <= direction["ceiling"] <= 5 and 1 <= direction["onward"] <= 4 and 1 <= direction["attribution"] <= 3
    demand(known, "label-unreadable", "direction")
    _check_kinds(spec, direction["kinds"])
    for community in direction["communities"]:
        _check_community(community["name"])
    if direction["sectors"] != ["*"]:
        _check_sectors(direction["sectors"])


def check_terms(spec: Spec, terms: Record) -> None:
    demand(terms["a"]["org"] < terms["b"]["org"], "contradiction", "parties")
    for party in (terms["a"], terms["b"]):
        _check_country(party["country"])
        _check_sectors(party["sectors"])
    _check_window(terms, "valid_from", "valid_until")
    _check_direction(spec, terms["a_to_b"])
    _check_direction(spec, terms["b_to_a"])
    review_by = terms["review_by"]
    demand(review_by == 0 or terms["valid_from"] <= review_by <= terms["valid_until"], "contradiction", "review_by")
    for duty in terms["duties"]:
        _check_duty(spec, duty)
    for ack in terms["acks"]:
        demand(1 <= ack["urgency"] <= 3 and 1 <= ack["level"] <= 4, "contradiction", "acknowledgement")
    _check_contingency(spec, terms)
    demand(terms["drill_consent"] <= 2, "contradiction", "drill_consent")
