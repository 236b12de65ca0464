from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.siprec import sdes, sdp
from hushtap.taps.siprec.bodies import bodies
from hushtap.taps.siprec.message import Headers, RefusedError, Request
from hushtap.taps.siprec.sdp import Direction, Taken
from taps.siprec.phone import OFFER

KEY = base64.b64encode(bytes(range(30))).decode()


def lines(*more: str, head: str = "m=audio 30000 RTP/AVP 0") -> bytes:
    session = ["v=0", "o=- 1 1 IN IP4 10.0.0.9", "s=-", "c=IN IP4 10.0.0.9", "t=0 0"]
    return "\r\n".join([*session, head, *more, ""]).encode()


def test_an_offer_of_two_streams_and_its_answer() -> None:
    offer = sdp.parse(OFFER)
    assert [(one.port, one.label, one.direction, one.host) for one in offer] == [
        (30_000, "1", Direction.SENDONLY, "10.0.0.9"),
        (30_002, "2", Direction.SENDONLY, "10.0.0.9"),
    ]
    assert {kind: str(one) for kind, one in offer[0].payloads.items()} == {
        0: "PCMU/8000",
        8: "PCMA/8000",
        101: "TELEPHONE-EVENT/8000",
    }
    taken = [Taken(offer[0], 40_000, offer[0].decodable(8_000)), Taken(offer[1])]
    text = sdp.answer(taken, "10.0.0.1", session=5, version=2, keys={}).decode()
    assert text.splitlines() == [
        "v=0",
        "o=hushtap 5 2 IN IP4 10.0.0.1",
        "s=-",
        "c=IN IP4 10.0.0.1",
        "t=0 0",
        "m=audio 40000 RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=label:1",
        "a=recvonly",
        "m=audio 0 RTP/AVP 0",
    ]
    assert len(sdp.parse(text.encode())) == 2


@pytest.mark.parametrize(
    ("more", "sends"),
    [
        (["a=sendonly"], True),
        (["a=sendrecv"], True),
        ([], True),
        (["a=inactive"], False),
        (["a=recvonly"], False),
        (["c=IN IP4 0.0.0.0", "a=sendonly"], False),
        (["c=IN IP6 ::"], False),
    ],
)
def test_hold_in_all_its_forms(more: list[str], sends: bool) -> None:  # noqa: FBT001
    (media,) = sdp.parse(lines(*more))
    assert media.is_sending is sends
    text = sdp.answer(
        [Taken(media, 4, {0: media.payloads[0]})], "::1", session=1, version=1, keys={}
    )
    assert (b"a=recvonly" in text) is sends
    assert (b"a=inactive" in text) is not sends
    assert b"c=IN IP6 ::1" in text


def test_a_direction_of_the_session_holds_for_lines_without_one() -> None:
    text = OFFER.replace(b"t=0 0\n", b"t=0 0\na=inactive\n").replace(
        b"a=label:1\na=sendonly\n", b""
    )
    assert [one.is_sending for one in sdp.parse(text)] == [False, True]


@pytest.mark.parametrize(
    ("formats", "rate", "kinds"),
    [
        (["96 L16/16000", "0 PCMU/8000"], 16_000, [96, 0]),
        (["9 G722/8000", "0 PCMU/8000"], 16_000, [9, 0]),
        (["0 PCMU/8000", "9 G722/8000"], 8_000, [0, 9]),
        (["97 opus/48000/2", "8 PCMA/8000"], 8_000, [8]),
        (["18 G729/8000"], None, []),
        (["0 PCMU/8000", "98 L16/44100"], 8_000, [0]),
    ],
)
def test_codecs(formats: list[str], rate: int | None, kinds: list[int]) -> None:
    head = "m=audio 9 RTP/AVP " + " ".join(one.split()[0] for one in formats)
    (media,) = sdp.parse(lines(*(f"a=rtpmap:{one}" for one in formats), head=head))
    assert media.rate() == rate
    assert list(media.decodable(rate or 8_000)) == kinds


def test_video_and_messages_are_no_audio() -> None:
    heads = ["m=video 9 RTP/AVP 31", "m=message 9 TCP/MSRP *", "m=audio 9 UDP/TLS/RTP/SAVPF 0"]
    for head in [*heads, "m=audio 0 RTP/AVP 0"]:
        (media,) = sdp.parse(lines(head=head))
        assert not media.is_audio
        again = sdp.answer([Taken(media)], "10.0.0.1", session=1, version=1, keys={})
        assert re.sub(r" \d+ ", " 0 ", head, count=1).encode() in again


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"garbage",
        lines(head="m=audio 99999 RTP/AVP 0"),
        lines(head="m=audio"),
        lines() + b"m=audio 1 RTP/AVP 0\r\n" * sdp.MOST_MEDIA,
        b"v=0\n" * (sdp.MOST_LINES + 1),
        b"v=0\n" + b"x" * sdp.LONGEST,
    ],
)
def test_what_is_no_offer_is_refused(text: bytes) -> None:
    with pytest.raises(RefusedError):
        sdp.parse(text)


# --- keys


@pytest.mark.parametrize(
    ("value", "mki"),
    [
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}", b""),
        (f"9 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31|1:4", b"\0\0\0\1"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:1 UNENCRYPTED_SRTCP", b"\1"),
        (f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1048576 KDR=0 WSH=128", b""),
    ],
)
def test_keys_that_are_taken(value: str, mki: bytes) -> None:
    found = sdes.read(value)
    assert found is not None
    assert found.key.secret == bytes(range(30))
    assert found.key.mki == mki
    assert KEY not in repr(found)
    assert sdes.answer(found, bytes) == f"{found.tag} {found.key.suite} inline:{'A' * 40}"


@pytest.mark.parametrize(
    "value",
    [
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-4]}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31|1:0",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|300:1",
        "1 AES_CM_128_HMAC_SHA1_80 inline:====",
        "",
    ],
)
def test_keys_that_are_not(value: str) -> None:
    assert sdes.read(value) is None


def test_the_first_key_that_is_understood_is_answered() -> None:
    more = [f"a=crypto:1 UNKNOWN inline:{KEY}", f"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"]
    (media,) = sdp.parse(lines(*more, head="m=audio 9 RTP/SAVP 0"))
    assert media.is_secure
    assert media.crypto is not None
    assert media.crypto.tag == "2"


# --- bodies


def carrying(kind: str, body: bytes) -> Request:
    return Request("INVITE", "sip:a", Headers([("content-type", kind)]), body)


XML = b"<recording/>"


def test_parts_in_any_order_with_others_between() -> None:
    body = (
        b"preamble\r\n--b\r\nContent-Type:application/rs-metadata\r\n"
        b"Content-Disposition:recording-session\r\n\r\n" + XML + b"\r\n--b\r\n"
        b"Content-Type: application/gtd\r\n\r\nIAM,\r\n--b\r\nContent-Type: application/sdp\r\n\r\n"
        + OFFER
        + b"\r\n--b--\r\nepilogue"
    )
    found = bodies(carrying('Multipart/Mixed; BOUNDARY="b"', body))
    assert found.metadata == XML
    assert found.sdp is not None
    assert sdp.parse(found.sdp) == sdp.parse(OFFER)


def test_one_body_alone_or_none() -> None:
    assert bodies(carrying("application/sdp", OFFER)).sdp == OFFER
    assert bodies(carrying("application/rs-metadata+xml", XML)).metadata == XML
    assert bodies(carrying("", b"")).sdp is None
    assert bodies(carrying("multipart/mixed; boundary=b", b"--b--")).sdp is None


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("multipart/mixed;boundary=b", b"--b\r\nContent-Type: multipart/mixed\r\n\r\n" * 9, 400),
    ],
)
def test_bodies_that_are_refused(kind: str, body: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        bodies(carrying(kind, body))
    assert refused.value.status == status


def test_an_encoded_body_is_refused() -> None:
    headers = Headers([("content-type", "application/sdp"), ("content-encoding", "gzip")])
    with pytest.raises(RefusedError, match="encoded"):
        bodies(Request("INVITE", "sip:a", headers, b"\x1f\x8b"))


PIECES = [
    *(
        b"v=0",
        b"\r\n",
        b"\n",
        b"m=audio 9 RTP/AVP 0 96",
        b"m=video 0 RTP/SAVP",
        b"a=rtpmap:96 L16/8",
    ),
    *(b"000", b"a=label:", b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", KEY.encode(), b"|1:4"),
    *(
        b"c=IN IP4 ",
        b"c=",
        b"0.0.0.0",
        b"a=inactive",
        b"a=fmtp:96 ",
        b"\xff",
        b"\x00",
        b"a=",
        b"m=",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_anything_is_an_offer_that_can_be_answered_or_refused(text: bytes) -> None:
    try:
        offer = sdp.parse(b"v=0\n" + text)
    except RefusedError:
        return
    taken = [Taken(one, 40_000 + 2 * at, one.decodable(8_000)) for at, one in enumerate(offer)]
    data = sdp.answer(taken, "10.0.0.1", session=1, version=1, keys={})
    assert len(sdp.parse(data)) == len(offer)


@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_body_of_any_type_is_read_or_refused(body: bytes, kind: str) -> None:
    for one in (kind, "multipart/mixed;boundary=" + kind, "multipart/mixed;boundary=b"):
        try:
            bodies(carrying(one, b"--b\r\n" + body))
        except RefusedError:
            continue
