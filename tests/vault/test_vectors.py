"""Official vectors of what a container and a wrapped key are made of.

Segments: two short ones of the 35 that Wycheproof has of Cobblestone-256
(``c2sp_chunked_encryption_aes_256_gcm_test.json``). Keys: all of the draft
``ietf-hpke-pq`` that have our KEM, as cryptography-vectors 50.0.2 keeps them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hpke

from hushtap.vault.keys.hybrid import PrivateKey

KEY = bytes.fromhex("59454c4c4f57205355424d4152494e452059454c4c4f57205355424d4152494e")
EMPTY = (
    "78da004800b7ff43a2e39431cbae0389d3fc86adf46f7c3a24de88d9311617e53f3164cc1d5dc738a66b97f0bf"
    "786565c31799c2f463d50a7e10046011dc6fc3c939e3a5db7affb6191551669554fb010000ffff4bc124df"
)
SHORT = (
    "78da004f00b0ffa1a1b56f6db58cd1ede0c5c9db62aef20d3f96a6c594bb9252bb38122de91236502b42a1d7fc"
    "ab820ffa292940d2f86add212cfa42c38df19d3cc9139ee61a5990d3db57433514229beea49a8a72bd010000ff"
    "ffdb4f2a44"
)
SHORT_SHA512 = (
    "e85f32a85f1d4f7c9b2d36d20eca8435d81253e7075e9dea069eb1b6da48daf9"
    "2ef1797367b520d8a46c4f72cecb85b1daff8887fcb41721d39943d1952fc180"
)
HPKE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "hpke-mlkem768-x25519.json").read_text()
)
HKDF_SHA256, SHAKE256 = 1, 17
"""Key derivations of the two suites of ``HPKE``. Ours has the first, and AES-256-GCM."""


def sealed(vector: str) -> bytes:
    return zlib.decompress(bytes.fromhex(vector))


def opened(message: bytes, key: bytes = KEY, context: bytes = b"") -> bytes:
    # As ``container`` opens a segment.
    opener = Cobblestone256Decryptor(key, context)
    return opener.update(message) + opener.finalize()


def test_a_segments_cipher_opens_what_others_sealed() -> None:
    assert opened(sealed(EMPTY)) == b""
    assert hashlib.sha512(opened(sealed(SHORT))).hexdigest() == SHORT_SHA512


def test_it_opens_nothing_that_was_changed_cut_or_is_of_another() -> None:
    for message in (sealed(EMPTY), sealed(SHORT)):
        for at in range(len(message)):
            changed = message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
            for wrong in (changed, message[:at]):
                with pytest.raises(InvalidTag):
                    opened(wrong)
        for key, context in ((KEY[::-1], b""), (KEY, b"\0")):
            with pytest.raises(InvalidTag):
                opened(message, key, context)


def test_a_key_pair_is_the_one_of_the_draft() -> None:
    assert [vector["kdf_id"] for vector in HPKE] == [HKDF_SHA256, SHAKE256]
    for vector in HPKE:
        # The draft keeps 32 bytes and expands them to the two halves that ours keeps.
        secret = hashlib.shake_256(bytes.fromhex(vector["skRm"])).digest(96)
        public = PrivateKey(secret).public
        assert (public.mlkem768 + public.x25519).hex() == vector["pkRm"]


def test_what_the_draft_sealed_opens_and_nothing_that_was_changed() -> None:
    [vector] = [vector for vector in HPKE if vector["kdf_id"] == HKDF_SHA256]
    key = PrivateKey(hashlib.shake_256(bytes.fromhex(vector["skRm"])).digest(96))._key
    # Ours but for the last cipher: the draft has no vector of AES-256-GCM with this KEM.
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    first = vector["encryptions"][0]
    message = bytes.fromhex(vector["enc"] + first["ct"])
    info, aad = bytes.fromhex(vector["info"]), bytes.fromhex(first["aad"])
    # The public method has no associated data, as which the vectors number their messages.
    open_it = openssl.hpke._decrypt_with_aad
    assert open_it(suite, message, key, info, aad).hex() == first["pt"]
    for at in (0, 1087, 1088, len(message) - 1):
        changed = message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
        with pytest.raises(InvalidTag):
            open_it(suite, changed, key, info, aad)
