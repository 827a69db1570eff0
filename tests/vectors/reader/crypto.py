# SPDX-License-Identifier: Apache-2.0
"""Section 2: hashes and signatures, and the two ciphers' plain forms."""
import hashlib

import nacl.bindings as sodium
import nacl.exceptions

from .fault import Fault
from .spec import Spec

LIVE = bytes(16)
TAG_LEN = 16


class Crypto:
    def __init__(self, spec: Spec) -> None:
        self.contexts = spec.contexts

    def hash(self, context: str, realm: bytes, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=32, key=self.contexts[context] + realm).digest()

    def verify(self, context: str, realm: bytes, key: bytes, root: bytes, sig: bytes) -> None:
        """libsodium's rules: S below the order, no small-order and no non-canonical key or R."""
        message = self.contexts[context] + realm + root
        try:
            opened = sodium.crypto_sign_open(sig + message, key)
        except nacl.exceptions.BadSignatureError as error:
            raise Fault("bad-signature", context) from error
        assert opened == message


def x25519(secret: bytes, public: bytes) -> bytes:
    """Raises Fault where the public key is of small order."""
    try:
        return sodium.crypto_scalarmult(secret, public)
    except nacl.exceptions.RuntimeError as error:
        raise Fault("bad-wrap", "small-order sealing key") from error


def aead_open(key: bytes, nonce: bytes, data: bytes, ad: bytes, fault: str) -> bytes:
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(data, ad, nonce, key)
    except nacl.exceptions.CryptoError as error:
        raise Fault(fault) from error


def box_seal_open(data: bytes, public: bytes, secret: bytes) -> bytes:
    try:
        return sodium.crypto_box_seal_open(data, public, secret)
    except nacl.exceptions.CryptoError as error:
        raise Fault("bad-wrap", "sealed") from error


def public_of(secret: bytes) -> bytes:
    return sodium.crypto_scalarmult_base(secret)
