from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.siprec import fields
from hushtap.taps.siprec.framing import PING, Framer
from hushtap.taps.siprec.message import (
    LONGEST_BODY,
    LONGEST_HEAD,
    MOST_HEADERS,
    RefusedError,
    Request,
    Response,
    parse,
    respond,
    salvaged,
)
from taps.siprec.phone import OFFER, request

INVITE = request("INVITE", body=OFFER)


def asked(data: bytes) -> Request:
    message = parse(data)
    assert isinstance(message, Request)
    return message


def test_headers_are_found_by_any_of_their_names_folded_or_with_odd_spaces() -> None:
    message = asked(
        b"\r\nINVITE sip:a SIP/2.0\nv:SIP/2.0/UDP h;branch=1\r\nTO : <sip:b>\r\n"
        b"Subject: one\r\n  two\r\n\tthree\r\nk: timer\r\nSupported: siprec , 100rel\r\n\r\nrest"
    )
    assert message.headers.get("via") == "SIP/2.0/UDP h;branch=1"
    assert message.headers.get("to") == "<sip:b>"
    assert message.headers.get("subject") == "one two three"
    assert fields.tokens(message.headers, "supported") == ["timer", "siprec", "100rel"]
    assert message.body == b"rest"


def test_what_is_behind_the_content_length_is_left_out() -> None:
    assert asked(INVITE + b"more").body == OFFER


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"INVITE sip:a SIP/2.0\r\n", 400),
        (b"INVITE sip:a\r\n\r\n", 400),
        (b"INVITE  SIP/2.0\r\n\r\n", 400),
        (b"IN\x00VITE sip:a SIP/2.0\r\n\r\n", 400),
        (b"INVITE sip:a SIP/3.0\r\n\r\n", 505),
        (b"SIP/2.0 999 x\r\n\r\n", 400),
        (b"SIP/2.0\r\n\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\nno header\r\n\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\nX: a\rb\r\n\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\nl: 5\r\n\r\n1234", 400),
        (b"INVITE sip:a SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n12", 400),
        (b"INVITE sip:a SIP/2.0\r\nl: -1\r\n\r\n12", 400),
        (b"INVITE sip:a SIP/2.0\r\n" + b"X: y\r\n" * (MOST_HEADERS + 1) + b"\r\n", 400),
        (b"INVITE sip:a SIP/2.0\r\nX: " + b"y" * LONGEST_HEAD + b"\r\n\r\n", 513),
        (b"INVITE sip:a SIP/2.0\r\n\r\n" + b"y" * (LONGEST_BODY + 1), 513),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        parse(data)
    assert refused.value.status == status


def test_a_cut_message_can_still_be_answered() -> None:
    for data in (INVITE[:-20], INVITE.replace(b"\r\n\r\n", b"\r\nX: " + b"y" * LONGEST_HEAD)):
        found = salvaged(data)
        assert found is not None
        answer = parse(respond(found, 400, to_tag="t"))
        assert isinstance(answer, Response)
        assert answer.headers.get("call-id") == "c1"
        assert (answer.headers.get("to") or "").endswith(";tag=t")
    assert salvaged(b"\x16\x03\x01" * 99) is None


def test_the_repr_of_a_message_shows_nobody() -> None:
    shown = repr(asked(INVITE))
    assert "10.0.0" not in shown
    assert "audio" not in shown


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 5_000])
def test_a_stream_is_cut_into_its_messages_however_it_comes(step: int) -> None:
    other = request("BYE", 2)
    stream = b"\r\n" + INVITE + b"\r\n\r\n" + other + b"\r\n" + other + PING
    framer = Framer()
    found = [
        one for at in range(0, len(stream), step) for one in framer.feed(stream[at : at + step])
    ]
    assert found == [INVITE, PING, other, other, PING]
    assert not framer.within


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"BYE sip:a SIP/2.0\r\nVia: x\r\n\r\n", 400),
        (b"BYE sip:a SIP/2.0\r\nl: x\r\n\r\n", 400),
        (b"BYE sip:a SIP/2.0\r\nl: 999999999\r\n\r\n", 513),
        (b"x" * (LONGEST_HEAD + 1), 513),
    ],
)
def test_a_stream_that_cannot_be_cut_ends(data: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        list(Framer().feed(data))
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("value", "uri", "tag"),
    [
        ("<sip:a@b>;tag=x", "sip:a@b", "x"),
        ('"A, <B>; \\" c" <sip:a@b;x=1>;tag=x', "sip:a@b;x=1", "x"),
        ("sip:a@b;tag=x", "sip:a@b", "x"),
        ("Name <tel:+1-212>;a ; TAG = x", "tel:+1-212", "x"),
        ("<sip:a@my_host>", "sip:a@my_host", ""),
    ],
)
def test_addresses(value: str, uri: str, tag: str) -> None:
    found = fields.address(value)
    assert (found.uri, found.tag) == (uri, tag)


def test_parts_of_uris() -> None:
    uri = "sip:1001;x-nearend;x-refci=77@10.0.0.1:5060;transport=tcp?x=y"
    assert fields.uri_parameters(uri) == {"x-nearend": None, "x-refci": "77", "transport": "tcp"}
    assert [
        fields.user(one) for one in (uri, "tel:+1212;ext=3", "sip:host:5060", "sip:a:pw@b")
    ] == [
        "1001",
        "+1212",
        "host",
        "a",
    ]


def test_lists_are_split_outside_of_quotes_and_brackets() -> None:
    assert fields.listed(['<sip:a,b>, "x,y" <sip:c>', "d"]) == ["<sip:a,b>", '"x,y" <sip:c>', "d"]


@pytest.mark.parametrize("text", ['"' * 30_000, '"\\' * 15_000, "<" * 30_000, "<a" * 15_000])
def test_no_header_takes_long(text: str) -> None:
    begun = time.process_time()
    list(fields.split(text, ";"))
    with pytest.raises(RefusedError):
        fields.address(text)
    assert time.process_time() - begun < 1


@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.sampled_from(
                [
                    b"INVITE",
                    b" ",
                    b"sip:a",
                    b"SIP/2.0",
                    b"\r\n",
                    b"\n",
                    b":",
                    b"v",
                    b";",
                    b"l: 3",
                    b"Via: SIP/2.0/UDP a;branch=1",
                    b"f: <sip:a>;tag=1",
                    b"\x00",
                    b"\xff",
                    b"\t",
                ]
            ),
            max_size=40,
        ).map(b"".join),
    )
)
def test_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        message = parse(data)
    except RefusedError:
        salvaged(data)
        return
    if isinstance(message, Request):
        try:
            fields.check(message)
        except RefusedError:
            return
        assert isinstance(parse(respond(message, 200, to_tag="t")), Response)
