# SPDX-License-Identifier: Apache-2.0
"""Signed statements and whose keys count: sections 2 and 3."""
from . import meaning
from .crypto import LIVE, Crypto
from .fault import demand
from .objects import Reader, Record
from .spec import Spec

ROLES = {"system": 1, "duty": 2, "decider": 3}


class Statements:
    def __init__(self, spec: Spec, reader: Reader, crypto: Crypto) -> None:
        self.spec = spec
        self.reader = reader
        self.crypto = crypto

    def _signed(self, name: str, data: bytes) -> tuple[Record, Record]:
        """Envelope and body; the signature is checked before the body is read."""
        signed = self.reader.decode("signed", data)
        self.crypto.verify(name.upper(), LIVE, signed["key"], self.digest(name, signed["body"]), signed["sig"])
        return signed, self.reader.decode(name, signed["body"])

    def digest(self, name: str, body: bytes) -> bytes:
        return self.crypto.hash(name.upper(), LIVE, body)

    def card(self, data: bytes) -> tuple[Record, bytes]:
        """The card and its digest."""
        signed, card = self._signed("card", data)
        meaning.check_card(card)
        demand(signed["key"] == card["org"], "key-not-in-card", "not the root")
        return card, self.digest("card", signed["body"])

    def node_record(self, data: bytes) -> Record:
        signed, record = self._signed("node_record", data)
        meaning.check_node_record(record)
        demand(signed["key"] == record["org"], "key-not-in-card", "not the root")
        return record

    def membership(self, data: bytes, cards: dict[bytes, Record]) -> Record:
        signed, membership = self._signed("membership", data)
        meaning.check_membership(membership)
        check_key(cards, membership["keeper"], signed["key"], "decider", membership["valid_from"])
        return membership

    def notice(self, data: bytes, cards: dict[bytes, Record]) -> Record:
        signed, notice = self._signed("notice", data)
        meaning.check_notice(notice)
        check_key(cards, notice["org"], signed["key"], "decider", notice["at"])
        return notice

    def drill(self, data: bytes, cards: dict[bytes, Record]) -> Record:
        signed, drill = self._signed("drill", data)
        meaning.check_drill(drill)
        check_key(cards, drill["director"], signed["key"], "decider", drill["created_at"])
        return drill

    def drill_say(self, data: bytes, cards: dict[bytes, Record]) -> Record:
        signed, say = self._signed("drill_say", data)
        meaning.check_drill_say(say)
        check_key(cards, say["org"], signed["key"], "decider" if say["what"] == 3 else "duty", say["at"])
        return say

    def release(self, data: bytes, origin: bytes, cards: dict[bytes, Record]) -> Record:
        signed, release = self._signed("release", data)
        meaning.check_release(release)
        check_key(cards, origin, signed["key"], "decider", release["at"])
        return release

    def receipt(self, data: bytes, cards: dict[bytes, Record]) -> tuple[Record, bytes]:
        """The receipt and its digest. It is signed in the realm that its body names."""
        signed = self.reader.decode("signed", data)
        receipt = self.reader.decode("receipt", signed["body"])
        digest = self.crypto.hash("RECEIPT", receipt["realm"], signed["body"])
        self.crypto.verify("RECEIPT", receipt["realm"], signed["key"], digest, signed["sig"])
        meaning.check_receipt(receipt)
        person = any(2 <= entry["level"] <= 4 for entry in receipt["entries"])
        check_key(cards, receipt["org"], signed["key"], "duty" if person else "system", receipt["at"])
        return receipt, digest

    def bundle(self, data: bytes, cards: dict[bytes, Record]) -> Record:
        """What a file holds; each advisory in it is still to be judged by itself."""
        file = self.reader.decode("bundle_file", data)
        bundle = self.reader.decode("bundle", file["body"])
        digest = self.crypto.hash("BUNDLE", bundle["realm"], file["body"])
        self.crypto.verify("BUNDLE", bundle["realm"], file["key"], digest, file["sig"])
        meaning.check_bundle(bundle)
        check_key(cards, bundle["from"], file["key"], "system", bundle["number"] * 1000)
        return bundle

    def agreement(self, data: bytes, cards: dict[bytes, Record]) -> tuple[Record, bytes]:
        """The terms and their digest; one signature makes a proposal."""
        agreement = self.reader.decode("agreement", data)
        terms = self.reader.decode("terms", agreement["terms"])
        meaning.check_terms(self.spec, terms)
        digest = self.digest("agreement", agreement["terms"])
        for signature in agreement["signatures"]:
            demand(signature["org"] in (terms["a"]["org"], terms["b"]["org"]), "key-not-in-card", "signer is no party")
            check_key(cards, signature["org"], signature["key"], "decider", None)
            self.crypto.verify("AGREEMENT", LIVE, signature["key"], digest, signature["sig"])
        return terms, digest


def check_key(cards: dict[bytes, Record], org: bytes, key: bytes, role: str, at_ms: int | None) -> None:
    """May this key speak for this org in this role at this time? None: what was signed says no time, so no window is asked."""
    demand(org in cards, "no-card")
    found = [one for one in cards[org]["keys"] if one["use"] == meaning.SIGNING and one["key"] == key]
    demand(bool(found), "key-not-in-card")
    demand(found[0]["role"] >= ROLES[role], "key-role", role)
    demand(at_ms is None or found[0]["not_before"] <= at_ms < found[0]["not_after"], "key-window")
    demand(all(one["key"] != key for one in cards[org]["revocations"]), "key-revoked")
