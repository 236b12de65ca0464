"""Official vectors of what containers, wrapped keys, key files and checkpoints are made of.

They are those of cryptography-vectors 50.0.2, pinned so that the counts hold, and two of
the 35 that Wycheproof has of Cobblestone-256.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cryptography_vectors
import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hushtap.vault.keys.hybrid import PrivateKey
from vault.as_specified import CHUNK, HEADER, TAG, read_message

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(cryptography_vectors.__file__).parent


def records(name: str, first: str) -> Iterator[dict[str, str]]:
    """Yield the records of a file of ``KEY = VALUE`` lines; each begins with the key ``first``."""
    found: dict[str, str] = {}
    for line in (VECTORS / name).read_text().splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if key == first:
            if first in found:
                yield found
            found = {}
        if equals or key == "FAIL":
            found[key] = value
    yield found


# --- Segments -------------------------------------------------------------------------------


def opened(message: bytes, key: bytes, context: bytes = b"") -> bytes:
    # As ``container`` opens a segment.
    opener = Cobblestone256Decryptor(key, context)
    return opener.update(message) + opener.finalize()


def test_the_scheme_as_specified_opens_the_valid_and_refuses_the_invalid() -> None:
    """102 vectors of the scheme with SHA-256: what the next test takes its measure from."""
    vectors = json.loads((VECTORS / "chunked-encryption" / "vectors.json").read_text())["vectors"]
    valid = invalid = 0
    for vector in vectors:
        message = base64.b64decode(vector["ciphertext"] or "")
        if vector.get("compressed"):
            message = zlib.decompress(message)
        key, context = bytes.fromhex(vector["key"]), vector["context"].encode()
        told = (message, key, context, vector["aead"], hashes.SHA256())
        if vector["expect"] == "success":
            clear = read_message(*told)
            assert hashlib.sha256(clear).hexdigest() == vector["payload_sha256"], vector["name"]
            valid += 1
        else:
            with pytest.raises((InvalidTag, ValueError)):
                read_message(*told)
            invalid += 1
    assert (valid, invalid) == (27, 75)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
def test_a_segments_cipher_is_that_scheme_with_sha_512(length: int) -> None:
    key, context, clear = bytes(range(32)), b"recording|segment", bytes(length)
    seal = Cobblestone256Encryptor(key, context)
    message = seal.update(clear) + seal.finalize()
    assert read_message(message, key, context) == opened(message, key, context) == clear
    ends = [HEADER + at * (CHUNK + TAG) for at in range(len(message) // CHUNK + 1)]
    wrong = [message[:end] for end in (0, 23, *ends) if end < len(message)]
    wrong += [message[:-1], message + b"\0", message + message[HEADER:]]
    wrong += [
        message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
        for at in (0, 24, HEADER, len(message) - 1)
    ]
    for other in wrong:
        for reader in (read_message, opened):
            with pytest.raises(InvalidTag):
                reader(other, key, context)


WYCHEPROOF_KEY = bytes.fromhex("59454c4c4f57205355424d4152494e452059454c4c4f57205355424d4152494e")
WYCHEPROOF = (
    (
        "78da004800b7ff43a2e39431cbae0389d3fc86adf46f7c3a24de88d9311617e53f3164cc1d5dc738a66b97f0bf"
        "786565c31799c2f463d50a7e10046011dc6fc3c939e3a5db7affb6191551669554fb010000ffff4bc124df",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    ),
    (
        "78da004f00b0ffa1a1b56f6db58cd1ede0c5c9db62aef20d3f96a6c594bb9252bb38122de91236502b42a1d7fc"
        "ab820ffa292940d2f86add212cfa42c38df19d3cc9139ee61a5990d3db57433514229beea49a8a72bd010000ff"
        "ffdb4f2a44",
        "e85f32a85f1d4f7c9b2d36d20eca8435d81253e7075e9dea069eb1b6da48daf9"
        "2ef1797367b520d8a46c4f72cecb85b1daff8887fcb41721d39943d1952fc180",
    ),
)


def test_what_others_sealed_opens_and_nothing_that_was_changed_cut_or_is_of_another() -> None:
    for vector, digest in WYCHEPROOF:
        message = zlib.decompress(bytes.fromhex(vector))
        assert hashlib.sha512(opened(message, WYCHEPROOF_KEY)).hexdigest() == digest
        for at in range(len(message)):
            changed = message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
            for wrong in (changed, message[:at]):
                with pytest.raises(InvalidTag):
                    opened(wrong, WYCHEPROOF_KEY)
        for key, context in ((WYCHEPROOF_KEY[::-1], b""), (WYCHEPROOF_KEY, b"\0")):
            with pytest.raises(InvalidTag):
                opened(message, key, context)


def test_aes_256_gcm_opens_the_valid_and_refuses_the_invalid() -> None:
    """NIST's vectors with the lengths of nonce and tag that are used here."""
    valid = invalid = 0
    for vector in records("ciphers/AES/GCM/gcmDecrypt256.rsp", "Count"):
        if (len(vector["IV"]), len(vector["Tag"])) != (24, 32):
            continue
        sealed = bytes.fromhex(vector["CT"] + vector["Tag"])
        told = (bytes.fromhex(vector["IV"]), sealed, bytes.fromhex(vector["AAD"]))
        cipher = AESGCM(bytes.fromhex(vector["Key"]))
        if "FAIL" in vector:
            with pytest.raises(InvalidTag):
                cipher.decrypt(*told)
            invalid += 1
        else:
            assert cipher.decrypt(*told).hex() == vector["PT"]
            valid += 1
    assert (valid, invalid) == (184, 191)


# --- Wrapped keys ---------------------------------------------------------------------------

CURVES = {16: ec.SECP256R1(), 18: ec.SECP521R1()}
SUITES: dict[int, Any] = {
    16: hpke.KEM.P256,
    18: hpke.KEM.P521,
    32: hpke.KEM.X25519,
    65: hpke.KEM.MLKEM768,
    25722: hpke.KEM.MLKEM768_X25519,
}
DERIVATIONS: dict[int, Any] = {
    1: hpke.KDF.HKDF_SHA256,
    3: hpke.KDF.HKDF_SHA512,
    17: hpke.KDF.SHAKE256,
}
CIPHERS: dict[int, Any] = {
    1: hpke.AEAD.AES_128_GCM,
    2: hpke.AEAD.AES_256_GCM,
    3: hpke.AEAD.CHACHA20_POLY1305,
}


def private_key(kem: int, secret: bytes) -> Any:  # noqa: ANN401 - of one of several classes
    if kem in CURVES:
        return ec.derive_private_key(int.from_bytes(secret), CURVES[kem])
    if kem == 32:
        return X25519PrivateKey.from_private_bytes(secret)
    if kem == 65:
        return MLKEM768PrivateKey.from_seed_bytes(secret)
    # The draft keeps 32 bytes and expands them to the two halves that ours keeps.
    return PrivateKey(hashlib.shake_256(secret).digest(96))._key


def hpke_vectors(name: str) -> list[dict[str, Any]]:
    """Return the vectors of the base mode whose suites the library has."""
    found: list[dict[str, Any]] = json.loads((VECTORS / "HPKE" / name).read_text())
    known = (("mode", {0}), ("kem_id", SUITES), ("kdf_id", DERIVATIONS), ("aead_id", CIPHERS))
    return [one for one in found if all(one[part] in values for part, values in known)]


@pytest.mark.parametrize(
    ("name", "valid", "ours"),
    [
        # RFC 9180: with HKDF-SHA-256 and AES-256-GCM for three KEMs.
        ("test-vectors.json", 18, 3),
        # draft-ietf-hpke-pq: our KEM twice, ML-KEM-768 alone once, none with AES-256-GCM.
        ("hpke-pq-test-vectors.json", 3, 0),
    ],
)
def test_what_the_standard_sealed_opens_and_nothing_that_was_changed(
    name: str, valid: int, ours: int
) -> None:
    vectors = hpke_vectors(name)
    refused = 0
    # The public method has no associated data, as which the vectors number their messages.
    open_it = openssl.hpke._decrypt_with_aad
    for vector in vectors:
        key = private_key(vector["kem_id"], bytes.fromhex(vector["skRm"]))
        suite = hpke.Suite(
            SUITES[vector["kem_id"]], DERIVATIONS[vector["kdf_id"]], CIPHERS[vector["aead_id"]]
        )
        first = vector["encryptions"][0]
        enc, sealed = bytes.fromhex(vector["enc"]), bytes.fromhex(first["ct"])
        info, aad = bytes.fromhex(vector["info"]), bytes.fromhex(first["aad"])
        assert open_it(suite, enc + sealed, key, info, aad).hex() == first["pt"]
        whole = enc + sealed
        for at in (1, len(enc) - 1, len(enc), len(whole) - 1):
            changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            with pytest.raises((InvalidTag, ValueError)):
                open_it(suite, changed, key, info, aad)
            refused += 1
        for wrong in ((info + b"\0", aad), (info, aad + b"\0")):
            with pytest.raises(InvalidTag):
                open_it(suite, whole, key, *wrong)
            refused += 1
    assert (len(vectors), refused) == (valid, 6 * valid)
    assert sum((one["kdf_id"], one["aead_id"]) == (1, 2) for one in vectors) == ours


def test_a_key_pair_is_the_one_of_the_draft() -> None:
    vectors = [one for one in hpke_vectors("hpke-pq-test-vectors.json") if one["kem_id"] == 25722]
    assert len(vectors) == 2
    for vector in vectors:
        secret = hashlib.shake_256(bytes.fromhex(vector["skRm"])).digest(96)
        public = PrivateKey(secret).public
        assert (public.mlkem768 + public.x25519).hex() == vector["pkRm"]


def test_ml_kem_768_makes_the_keys_and_secrets_of_the_vectors() -> None:
    """Valid ciphertexts give the secret, invalid ones another by which nothing opens."""
    valid = invalid = 0
    for vector in records("asymmetric/MLKEM/kat_MLKEM_768.rsp", "count"):
        key = MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(vector["d"] + vector["z"]))
        assert key.public_key().public_bytes_raw().hex() == vector["pk"]
        assert key.decapsulate(bytes.fromhex(vector["ct"])).hex() == vector["ss"]
        assert key.decapsulate(bytes.fromhex(vector["ct_n"])).hex() == vector["ss_n"]
        valid += 1
        invalid += vector["ss_n"] != vector["ss"]
    assert (valid, invalid) == (1000, 1000)


# --- Key files, checkpoints -----------------------------------------------------------------


def test_argon2id_stretches_as_the_vectors_say() -> None:
    """Those of RFC 9106 and others, with the same call as a passphrase."""
    count = 0
    for vector in records("KDF/argon2id.txt", "COUNT"):
        fields = {name: bytes.fromhex(vector.get(name, "")) for name in ("secret", "ad")}
        stretched = Argon2id(
            salt=bytes.fromhex(vector["salt"]),
            length=int(vector["length"]),
            iterations=int(vector["iter"]),
            lanes=int(vector["lanes"]),
            memory_cost=int(vector["memcost"]),
            **{name: value or None for name, value in fields.items()},
        ).derive(bytes.fromhex(vector["pass"]))
        assert stretched.hex() == vector["output"]
        count += 1
    assert count == 6


def test_ed25519_signs_as_the_vectors_say() -> None:
    count = 0
    for line in (VECTORS / "asymmetric/Ed25519/sign.input").read_text().splitlines():
        secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
        key = Ed25519PrivateKey.from_private_bytes(secret[:32])
        assert key.public_key().public_bytes_raw() == public
        # Each is followed by its message.
        assert key.sign(message) + message == signed
        count += 1
    assert count == 1024
