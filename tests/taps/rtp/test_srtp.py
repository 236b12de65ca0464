from __future__ import annotations

import base64

import pytest
from pylibsrtp import Policy, Session

from hushtap.taps.rtp.latch import LEARNED, Latch
from hushtap.taps.rtp.packet import Packet
from hushtap.taps.rtp.sources import IN_A_ROW, MOST
from hushtap.taps.rtp.srtp import LONGEST, SUITES, Key, Unprotector
from taps.rtp.senders import packet

SECRET = bytes(range(44))


def sealer(suite: str, secret: bytes) -> Session:
    policy = Policy(
        key=secret, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=SUITES[suite].profile
    )
    return Session(policy)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("mki", [b"", b"\0\0\0\1"])
def test_packets_are_opened_once_and_only_if_whole(suite: str, mki: bytes) -> None:
    secret = SECRET[: SUITES[suite].key_bytes]
    tag = SUITES[suite].tag_bytes
    seal, opener = sealer(suite, secret), Unprotector(Key(suite, secret, mki))
    for number in range(65_530, 65_540):
        plain = packet(number, 160 * number, bytes([number % 256]) * 160)
        sealed = seal.protect(plain)
        sent = sealed[: len(sealed) - tag] + mki + sealed[len(sealed) - tag :]
        broken = bytearray(sent)
        broken[20] ^= 1
        assert opener.open(bytes(broken)) is None
        assert opener.open(plain) is None
        assert opener.open(sent) == plain
        assert opener.open(sent) is None


def test_another_key_or_mki_opens_nothing() -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    sealed = sealer(suite, SECRET[:30]).protect(packet(1, 1, b"x" * 160))
    assert Unprotector(Key(suite, SECRET[1:31])).open(sealed) is None
    assert (
        Unprotector(Key(suite, SECRET[:30], b"\2")).open(sealed[:-10] + b"\1" + sealed[-10:])
        is None
    )
    opener = Unprotector(Key(suite, SECRET[:30], b"\2"))
    for size in (0, 1, 11, 12, LONGEST + 12):
        assert opener.open(b"\x80" * size) is None
    assert base64.b64encode(SECRET).decode() not in repr(Key(suite, SECRET))


def of(ssrc: int, sequence: int = 0) -> Packet:
    return Packet(0, False, sequence, 0, ssrc, b"")


def test_packets_of_another_address_change_nothing_unless_the_first_is_silent() -> None:
    latch = Latch()
    assert latch.admits("first", of(1))
    for number in range(3 * MOST):
        assert not latch.admits("other", of(2))
        if number % (IN_A_ROW - 1) == 0:
            assert latch.admits("first", of(1))
    assert latch.refused == 3 * MOST
    taken = [latch.admits("third", of(3)) for _ in range(MOST + 1)]
    assert taken == [False] * (MOST - 1) + [True, True]
    assert not latch.admits("first", of(1))
    # One that changes its SSRC with every packet never gets there.
    assert not any(latch.admits("forger", of(number)) for number in range(3 * MOST))


def test_signalling_lets_the_next_one_in() -> None:
    latch = Latch()
    assert latch.admits("first", of(1))
    latch.reset()
    assert latch.admits("second", of(2))
    assert not latch.admits("first", of(1))


def test_without_signalling_the_first_to_send_in_sequence_is_it_for_good() -> None:
    latch = Latch(learned=LEARNED, moves=False)
    # Neither one that jumps about nor what is no RTP is learned; all are heard meanwhile.
    for number in range(LEARNED - 1):
        assert latch.admits("stray", of(7, 1_000 * number))
        assert latch.admits("scanner", None)
        assert latch.admits("first", of(1, number))
    assert latch.admits("first", of(1, LEARNED))
    assert not any(latch.admits("other", of(2, number)) for number in range(3 * MOST))
    assert not latch.admits("other", None)
    assert latch.admits("first", None)
    assert latch.refused == 3 * MOST + 1
