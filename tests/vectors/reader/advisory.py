# SPDX-License-Identifier: Apache-2.0
"""Advisories: section 4. What needs no card first, then the origin's keys, then wraps, openings and parts."""
from dataclasses import dataclass

from . import meaning
from .body import read_body
from .crypto import LIVE, TAG_LEN, Crypto, aead_open, box_seal_open, public_of, x25519
from .fault import demand
from .objects import Reader, Record
from .spec import Spec
from .statements import check_key

LINK, SEALED = 1, 2
OPENING_UNIT = 128
CONTENT_MAX = 1 << 20


@dataclass(frozen=True)
class Opened:
    name: str
    opening: bytes
    label: Record
    content: bytes
    body: Record | None


@dataclass(frozen=True)
class Hop:
    """Two orgs, one step: whose sealing keys make the link wraps from A to B."""

    from_org: bytes
    to_org: bytes
    from_seal: bytes
    to_secret: bytes

    @property
    def to_seal(self) -> bytes:
        return public_of(self.to_secret)


class Advisory:
    """A checked advisory; making one raises Fault where a rule that needs nothing else is broken."""

    def __init__(self, spec: Spec, reader: Reader, crypto: Crypto, data: bytes) -> None:
        self.reader = reader
        self.crypto = crypto
        self.outer = reader.decode("advisory", data)
        self.header = reader.decode("header", self.outer["header"])
        meaning.check_header(spec, self.header)
        self.kind = spec.kinds[self.header["kind"]]
        self.realm: bytes = self.header["realm"]
        self.id = self._hash("ADVISORY", self.outer["header"])
        for signature in self.outer["signatures"]:
            self._check_signature(signature)
        self.blobs = {blob["index"]: blob["ciphertext"] for blob in self.outer["parts"]}
        self.wraps = {wrap["index"]: wrap for wrap in self.outer["wraps"]}
        for index in self.blobs | self.wraps:
            demand(index < len(self.header["parts"]), "out-of-range", "index of a part")
        for index, ciphertext in self.blobs.items():
            entry = self.header["parts"][index]
            demand(len(ciphertext) == entry["size"] + TAG_LEN, "bad-hash", f"length of part {index}")
            demand(self._hash("PART", ciphertext) == entry["hash"], "bad-hash", str(index))

    def _hash(self, context: str, data: bytes) -> bytes:
        return self.crypto.hash(context, self.realm, data)

    def _check_signature(self, signature: Record) -> None:
        path = signature["path"]
        context, root = ("ADVISORY", self.id) if path is None else ("TREE_ROOT", self._tree_root(path))
        self.crypto.verify(context, self.realm, signature["key"], root, signature["sig"])

    def _tree_root(self, path: Record) -> bytes:
        leaf, hashes = path["leaf"], path["hashes"]
        demand(leaf < 1 << len(hashes), "bad-signature", "leaf outside its tree")
        node = self._hash("TREE_LEAF", path["salt"] + leaf.to_bytes(8, "big") + self.id)
        for level, sibling in enumerate(hashes):
            is_right = leaf >> level & 1
            node = self._hash("TREE_NODE", sibling + node if is_right else node + sibling)
        return node

    def check_origin(self, cards: dict[bytes, Record]) -> None:
        """Every signer stands in the origin's card, and enough of them have the role that the kind asks for."""
        origin = self.header["origin"]
        demand(origin in cards, "no-card")
        demand(self.header["card_serial"] <= cards[origin]["serial"], "older-card")
        for signature in self.outer["signatures"]:
            check_key(cards, origin, signature["key"], self.kind.role, self.header["created_at"])
        demand(len(self.outer["signatures"]) >= self.kind.signers, "too-few-signers")

    def open_part(self, index: int, hop: Hop) -> Opened:
        entry = self.header["parts"][index]
        demand(index in self.wraps, "no-wrap", str(index))
        encoded = self._unwrap(self.wraps[index], hop)
        opening = self.reader.decode("opening", encoded)
        demand(self._hash("KEY_COMMIT", opening["key"]) == entry["key_commitment"], "key-commitment")
        commitment = self._hash("LABEL_COMMIT", opening["salt"] + opening["label"])
        demand(commitment == entry["label_commitment"], "label-commitment")
        label = self.reader.decode("label", opening["label"])
        meaning.check_label(label)
        content = self._content(index, entry, opening["key"])
        main = index == 0
        body = read_body(self.reader, self.kind, entry["media_type"], content) if main else None
        return Opened(entry["name"], encoded, label, content, body)

    def _content(self, index: int, entry: Record, key: bytes) -> bytes:
        ad = self.crypto.contexts["PART"] + self.realm + self.header["origin"] + bytes([index]) + entry["name"].encode()
        plain = aead_open(key, bytes(24), self.blobs[index], ad, "bad-part")
        length = int.from_bytes(plain[:4], "big")
        demand(length <= CONTENT_MAX and meaning.padded_len(length) == len(plain), "bad-padding", "length")
        demand(not any(plain[4 + length :]), "bad-padding", "not zeros")
        return plain[4 : 4 + length]

    def _unwrap(self, wrap: Record, hop: Hop) -> bytes:
        hint = self.crypto.hash("SEAL_KEY", LIVE, hop.to_seal)[:8]
        demand(wrap["key_hint"] == hint, "no-wrap", "for another key")
        if wrap["kind"] == LINK:
            plain = self._unwrap_link(wrap, hop)
        else:
            demand(wrap["kind"] == SEALED, "bad-wrap", "unknown kind")
            plain = box_seal_open(wrap["bytes"], hop.to_seal, hop.to_secret)
        demand(len(plain) >= OPENING_UNIT and len(plain) % OPENING_UNIT == 0, "bad-wrap", "length")
        end = 2 + int.from_bytes(plain[:2], "big")
        demand(-(-end // OPENING_UNIT) * OPENING_UNIT == len(plain), "bad-wrap", "padded length")
        demand(not any(plain[end:]), "bad-wrap", "padding")
        return plain[2:end]

    def _unwrap_link(self, wrap: Record, hop: Hop) -> bytes:
        seals = hop.from_seal + hop.to_seal
        shared = x25519(hop.to_secret, hop.from_seal)
        key = self._hash("LINK_KEY", shared + hop.from_org + hop.to_org + seals)
        place = self.id + bytes([wrap["index"]])
        nonce = self._hash("WRAP", place)[:24]
        ad = self.crypto.contexts["WRAP"] + self.realm + place + seals
        return aead_open(key, nonce, wrap["bytes"], ad, "bad-wrap")
