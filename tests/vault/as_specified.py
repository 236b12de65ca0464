"""Messages and containers read after their specifications alone: nothing of Hushtap is used."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK, TAG, HEADER = 16 * 1024, 16, 56
_OPEN, _AUDIO, _NOTES, _CLOSE = 1, 2, 3, 4


def read_message(
    message: bytes,
    key: bytes,
    context: bytes,
    aead: str = "AEAD_AES_256_GCM",
    hashing: hashes.HashAlgorithm | None = None,
) -> bytes:
    """Open a message as C2SP's text on chunked encryption says, by other code than the library's.

    Cobblestone-256 is this with AES-256-GCM and SHA-512.
    """
    size = 16 if "128" in aead else 32
    if len(key) != size:
        raise ValueError("the key has another length")
    salt, commitment, body = message[:24], message[24:HEADER], message[HEADER:]
    info = b"c2sp.org/chunked-encryption@v1+" + aead.encode() + b"\0" + salt + context
    derived = HKDFExpand(hashing or hashes.SHA512(), size + 12 + 32, info).derive(key)
    if derived[size + 12 :] != commitment:
        raise InvalidTag
    cipher = (ChaCha20Poly1305 if "CHACHA" in aead else AESGCM)(derived[:size])
    nonce = int.from_bytes(derived[size : size + 12])
    clear = b""
    for number in range(len(body) // (CHUNK + TAG) + 1):
        chunk = body[number * (CHUNK + TAG) :][: CHUNK + TAG]
        clear += cipher.decrypt((nonce ^ number).to_bytes(12), chunk, None)
    return clear


def read_container(data: bytes, key: bytes) -> dict[str, Any]:
    """Read a closed file as docs/container-format.md says; ``ValueError`` where it differs."""
    magic, version, channels, rate, identity = struct.unpack_from("<7sBBI25s", data)
    if (magic, version) != (b"HUSHTAP", 1):
        raise ValueError("not a container of format 1")
    audio: list[list[int]] = [[] for _ in range(channels)]
    found: dict[str, Any] = {"id": identity.decode(), "rate": rate, "words": [], "findings": []}
    at, number = 38, 0
    while at < len(data):
        kind, told, readable, length = struct.unpack_from("<BIQI", data, at)
        context = data[:38] + struct.pack("<BIQ", kind, told, readable)
        clear = read_message(data[at + 17 : at + 17 + length], key, context)
        if told != number or (kind == _OPEN) != (number == 0):
            raise ValueError("a segment is out of place")
        if kind == _OPEN:
            found["opening"] = json.loads(clear)
        elif kind == _AUDIO:
            _add_runs(audio, clear)
        elif kind == _NOTES:
            notes = json.loads(clear)
            found["words"] += notes["words"]
            found["findings"] += notes["findings"]
        else:
            _compare_end(found | json.loads(clear), number, audio, data[:at])
            found["state"] = json.loads(clear)["state"]
        if readable != min(map(len, audio)):
            raise ValueError("a position is wrong")
        at, number = at + 17 + length, number + 1
    return found | {"audio": audio}


def _add_runs(audio: list[list[int]], clear: bytes) -> None:
    at = 0
    while at < len(clear):
        channel, start, count = struct.unpack_from("<BQI", clear, at)
        if start != len(audio[channel]):
            raise ValueError("a run does not go on where its channel stopped")
        audio[channel] += struct.unpack_from(f"<{count}h", clear, at + 13)
        at += 13 + 2 * count


def _compare_end(
    closing: dict[str, Any], number: int, audio: list[list[int]], before: bytes
) -> None:
    lengths = [len(samples) for samples in audio]
    expected = [number, lengths, hashlib.sha256(before).hexdigest()]
    if [closing["segments"], closing["samples"], closing["digest"]] != expected:
        raise ValueError("the list of segments is another")
