# SPDX-License-Identifier: Apache-2.0
"""A live node's holdings, as its own exporter wrote them: every part that came from a peer, wrapped as that peer wraps it."""
from typing import Any

from .advisory import Advisory, Hop, Opened
from .crypto import public_of
from .fault import Fault
from .meaning import SEALING
from .objects import Record
from .protocol import Protocol
from .tap import Tap


class Export:
    def __init__(self, protocol: Protocol, export: dict[str, Any]) -> None:
        self.protocol = protocol
        self.org = bytes.fromhex(export["org"])
        self.secrets = [bytes.fromhex(secret) for secret in export["seal_secrets"]]
        self.cards: dict[bytes, Record] = {}
        self.batched = 0  # advisories signed by the root of a batch

    def card(self, data: bytes) -> None:
        card, _ = self.protocol.statements.card(data)
        held = self.cards.get(card["org"])
        if held is None or held["serial"] < card["serial"]:
            self.cards[card["org"]] = card

    def own_keys(self) -> None:
        publics = {key["key"] for key in self.cards[self.org]["keys"] if key["use"] == SEALING}
        assert publics <= {public_of(secret) for secret in self.secrets}, "a sealing key without its secret"

    def advisory(self, item: dict[str, Any]) -> None:
        advisory = self.protocol.advisory(bytes.fromhex(item["advisory"]))
        advisory.check_origin(self.cards)
        self.batched += any(signature["path"] is not None for signature in advisory.outer["signatures"])
        contents = item["contents"]
        assert len(contents) == len(advisory.header["parts"])
        held = [index for index, content in enumerate(contents) if content is not None]
        assert held and held == sorted(advisory.blobs) == sorted(advisory.wraps)
        for index in held:
            opened = self._open(advisory, index, bytes.fromhex(item["from_org"]))
            assert opened.content.hex() == contents[index], f"part {opened.name} differs"

    def _open(self, advisory: Advisory, index: int, supplier: bytes) -> Opened:
        """By the one of the supplier's sealing keys and the one of ours that the wrap was made with."""
        seals = [key["key"] for key in self.cards[supplier]["keys"] if key["use"] == SEALING]
        fault: Fault | None = None
        for secret in self.secrets:
            for seal in seals:
                try:
                    return advisory.open_part(index, Hop(supplier, self.org, seal, secret))
                except Fault as refused:
                    if refused.name not in ("no-wrap", "bad-wrap"):
                        raise
                    # a wrap that is ours and does not open says more than one for another key
                    fault = refused if fault is None or refused.name == "bad-wrap" else fault
        assert fault is not None, "no sealing key to open with"
        raise fault


def check_export(tap: Tap, protocol: Protocol, export: dict[str, Any]) -> None:
    reader = Export(protocol, export)
    for number, card in enumerate(export["cards"]):
        tap.case(f"card {number}", lambda: reader.card(bytes.fromhex(card)))
    tap.case("own sealing keys", reader.own_keys)
    for item in export["advisories"]:
        tap.case(f"advisory from {item['from_org'][:16]}", lambda: reader.advisory(item))
    print(f"# {reader.batched} under batch roots")
