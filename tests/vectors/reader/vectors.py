# SPDX-License-Identifier: Apache-2.0
"""The committed vectors: valid ones say what is in them, invalid ones what is wrong with them."""
from typing import Any

from . import text
from .advisory import Advisory, Hop
from .crypto import public_of
from .fault import Fault, demand
from .objects import Record, encode
from .protocol import Protocol
from .tap import Tap

LIVE_ONLY = (2, 3, 15, 16)  # card, agreement, drill, realm: never in a drill's envelope

Vector = dict[str, Any]


class Vectors:
    def __init__(self, protocol: Protocol, vectors: dict[str, Any]) -> None:
        self.protocol = protocol
        self.alice, self.bob = vectors["people"]
        self.cards: dict[bytes, Record] = {}
        for person in vectors["people"]:
            card, _ = protocol.statements.card(bytes.fromhex(person["card"]))
            self.cards[card["org"]] = card

    def person(self, person: Vector) -> None:
        org = bytes.fromhex(person["org"])
        assert text.fingerprint(self.protocol.crypto, org) == person["fingerprint"]
        assert public_of(bytes.fromhex(person["seal_secret"])).hex() == person["seal"]
        card = self.cards[org]
        assert card["name"] == person["name"]
        keys = {(key["use"], key["role"]): key["key"].hex() for key in card["keys"]}
        assert keys == {(1, 2): person["duty"], (1, 3): person["decider"], (2, 0): person["seal"]}

    def hash(self, vector: Vector) -> None:
        names = {word.rstrip(b"\0").decode(): name for name, word in self.protocol.spec.contexts.items()}
        realm, data = bytes.fromhex(vector["realm"]), bytes.fromhex(vector["input"])
        assert self.protocol.crypto.hash(names[vector["context"]], realm, data).hex() == vector["hash"]

    def read(self, vector: Vector) -> None:
        """Raises Fault where the vector is refused, AssertionError where it says something else than it should."""
        data = bytes.fromhex(vector["hex"]) if "hex" in vector else b""
        match vector["what"]:
            case "card":
                _, digest = self.protocol.statements.card(data)
                assert digest.hex() == vector.get("digest", digest.hex())
            case "node_record":
                self.protocol.statements.node_record(data)
            case "membership":
                self.protocol.statements.membership(data, self.cards)
            case "notice":
                self.protocol.statements.notice(data, self.cards)
            case "drill":
                self.protocol.statements.drill(data, self.cards)
            case "drill_say":
                self.protocol.statements.drill_say(data, self.cards)
            case "release":
                self.protocol.statements.release(data, bytes.fromhex(self.alice["org"]), self.cards)
            case "receipt":
                self.protocol.statements.receipt(data, self.cards)
            case "bundle":
                bundle = self.protocol.statements.bundle(data, self.cards)
                for advisory in bundle["advisories"]:
                    self.protocol.advisory(encode(advisory)).check_origin(self.cards)
            case "agreement":
                _, digest = self.protocol.statements.agreement(data, self.cards)
                assert digest.hex() == vector.get("digest", digest.hex())
            case "advisory":
                self._advisory(vector, data)
            case "advisory-open":
                advisory = self.protocol.advisory(data)
                advisory.check_origin(self.cards)
                for index in advisory.blobs:
                    advisory.open_part(index, self._hop())
            case "frame":
                self._frame(data + bytes(vector.get("zeros", 0)))
            case "armour":
                opened = text.armour_open(self.protocol.crypto, vector["type"], vector["text"])
                assert opened.hex() == vector["hex"]
            case other:
                raise AssertionError(f"no reader for {other}")

    def refused(self, vector: Vector) -> None:
        assert vector["fault"] in self.protocol.spec.faults, "a fault that SPEC.md does not name"
        try:
            self.read(vector)
        except Fault as fault:
            assert fault.name == vector["fault"], f"{fault.name} ({fault.where}), not {vector['fault']}"
            return
        raise AssertionError("was read")

    def _hop(self) -> Hop:
        """From Alice to Bob, as Bob sees it."""
        alice, bob = bytes.fromhex(self.alice["org"]), bytes.fromhex(self.bob["org"])
        return Hop(alice, bob, bytes.fromhex(self.alice["seal"]), bytes.fromhex(self.bob["seal_secret"]))

    def _advisory(self, vector: Vector, data: bytes) -> None:
        advisory = self.protocol.advisory(data)
        if "id" not in vector:
            return
        assert advisory.id.hex() == vector["id"]
        advisory.check_origin(self.cards)
        for index, part in enumerate(vector.get("parts", [])):
            self._part(advisory, index, part)

    def _part(self, advisory: Advisory, index: int, part: Vector) -> None:
        opened = advisory.open_part(index, self._hop())
        assert opened.name == part["name"]
        assert opened.opening.hex() == part["opening"]
        if "title" in part:
            assert opened.body is not None and opened.body["title"] == part["title"]
        if "content" in part:
            assert opened.content == part["content"].encode()

    def _frame(self, data: bytes) -> None:
        name, frame = self.protocol.reader.frame(data)
        if name == "realm_frame":
            demand(any(frame["realm"]) and frame["frame"][2] not in LIVE_ONLY, "realm")
            self._frame(frame["frame"])
        if name == "push":
            self.protocol.advisory(encode(frame["advisory"])).check_origin(self.cards)


def check_vectors(tap: Tap, protocol: Protocol, vectors: dict[str, Any]) -> None:
    reader = Vectors(protocol, vectors)
    for person in vectors["people"]:
        tap.case(f"person {person['name']}", lambda: reader.person(person))
    for vector in vectors["hashes"]:
        tap.case(f"hash {vector['context']}", lambda: reader.hash(vector))
    for vector in vectors["valid"]:
        tap.case(f"reads: {vector['name']}", lambda: reader.read(vector))
    for vector in vectors["invalid"]:
        tap.case(f"refuses: {vector['name']}: {vector['fault']}", lambda: reader.refused(vector))
