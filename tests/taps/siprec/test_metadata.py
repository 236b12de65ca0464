"""Metadata as it is sent in the field, and as it is sent to do harm."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.siprec import metadata
from hushtap.taps.siprec.message import Headers, RefusedError, Request
from hushtap.taps.siprec.metadata import Metadata
from hushtap.taps.siprec.roles import Rule, channels, details

STANDARD = """<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1">
 <datamode>complete</datamode>
 <group group_id="g"><associate-time>2026-11-22T10:00:00Z</associate-time></group>
 <session session_id="s"><sipSessionID>ab30317f1a784dc4;remote=47755a9d</sipSessionID></session>
 <participant participant_id="p1"><nameID aor="sip:+12125550123@a.example;user=phone">
  <name xml:lang="en">Bob</name></nameID></participant>
 <participant participant_id="p2"><nameID aor="sip:1001@b.example"/></participant>
 <stream stream_id="x" session_id="s"><label>1</label></stream>
 <stream stream_id="y" session_id="s"><label>2</label></stream>
 <sessionrecordingassoc session_id="s"><associate-time>2026</associate-time></sessionrecordingassoc>
 <participantsessionassoc participant_id="p1" session_id="s"/>
 <participantstreamassoc participant_id="p1"><send>x</send><recv>y</recv></participantstreamassoc>
 <participantstreamassoc participant_id="p2"><send>y</send><recv>x</recv></participantstreamassoc>
</recording>"""

DRAFT = """<recording xmlns='urn:ietf:params:xml:ns:siprec'>
 <dataMode>complete</dataMode>
 <session id="s"/>
 <participant id="p1" session="s"><nameID aor="sip:+12125550123@a.example"><name>Bob</name></nameID>
  <send>x</send><recv>y</recv></participant>
 <participant id="p2" session="s"><aor>sip:1001@b.example</aor><send>y</send></participant>
 <stream id="x" session="s"><label>1</label></stream>
 <stream id="y" session="s"><label>2</label></stream>
</recording>"""

ORACLE = """<?xml version='1.0' encoding='UTF-8'?>
<recording xmlns='urn:ietf:params:xml:ns:recording'>
 <dataMode>complete</dataMode>
 <session id="s"><extensiondata xmlns:apkt="http://acmepacket.com/siprec/extensiondata">
  <apkt:ucid>00FA08001900014D3E8A</apkt:ucid></extensiondata></session>
 <participant id="p2" session="s"><nameID aor="sip:1001@b.example"/><send>y</send>
  <extensiondata xmlns:apkt="http://acmepacket.com/siprec/extensiondata">
   <apkt:callingParty>false</apkt:callingParty></extensiondata></participant>
 <participant id="p1" session="s"><nameID aor="sip:+12125550123@a.example"/><send>x</send>
  <extensiondata xmlns:apkt="http://acmepacket.com/siprec/extensiondata">
   <apkt:callingParty>true</apkt:callingParty></extensiondata></participant>
 <stream id="x" session="s"><label>1</label></stream>
 <stream id="y" session="s"><label>2</label></stream>
</recording>"""

ROOT = DRAFT.replace("<recording ", "<recording_metadata ").replace(
    "</recording>", "</recording_metadata>"
)
PREFIXED = STANDARD.replace("</", "</tns:").replace("<", "<tns:").replace("<tns:/tns:", "</tns:")
PREFIXED = PREFIXED.replace("<tns:?", "<?")
"""With a prefix that is declared nowhere."""
VARIANTS = {
    "standard": STANDARD,
    "draft": DRAFT,
    "oracle": ORACLE,
    "root": ROOT,
    "prefixed": PREFIXED,
    "no namespace": STANDARD.replace(' xmlns="urn:ietf:params:xml:ns:recording:1"', ""),
    "session_id of the participant": STANDARD.replace(
        "<participant ", '<participant session_id="s" '
    ),
    "byte order mark": "\ufeff" + STANDARD,
    "blank lines": "\r\n\r\n" + STANDARD,
    "utf-16": STANDARD.replace("UTF-8", "UTF-16"),
}

NOBODY = Request("INVITE", "sip:srs", Headers([("call-id", "rs-call")]))


def encoded(text: str) -> bytes:
    return text.encode("utf-16" if "UTF-16" in text else "utf-8")


def known(text: str) -> Metadata:
    found = metadata.parse(encoded(text))
    assert found is not None
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_says_who_is_heard_where(name: str) -> None:
    found = known(VARIANTS[name])
    assert found.heard_in("1") == ["p1"]
    assert found.heard_in("2") == ["p2"]
    assert found.participants["p2"].aors == ("sip:1001@b.example",)
    assert found.participants["p1"].aors[0].startswith("sip:+12125550123@a.example")
    assert channels(["1", "2"], found, NOBODY, Rule(agents=("1???",))) == [1, 0]
    assert channels(["2", "1"], found, NOBODY, Rule(agents=("*@b.example",))) == [0, 1]
    told = details(found, NOBODY, Rule(agents=("1???",)))
    assert (told.agent, told.caller) == ("1001", "+12125550123")


def test_who_calls_is_the_caller_where_the_client_says_so() -> None:
    found = known(ORACLE)
    for rule in (Rule(), Rule(agent_first=True)):
        assert channels(["1", "2"], found, NOBODY, rule) == [1, 0]
        told = details(found, NOBODY, rule)
        assert (told.agent, told.caller) == ("1001", "+12125550123")
    assert told.call_id == "00FA08001900014D3E8A"


def test_order_decides_where_nothing_else_does() -> None:
    nothing = Metadata()
    for labels in (["1", "2"], [None, None], ["a", "b"]):
        assert channels(labels, nothing, NOBODY, Rule()) == [1, 0]
        assert channels(labels, nothing, NOBODY, Rule(agent_first=True)) == [0, 1]
    # rtpengine gives its labels in any order.
    assert channels(["1", "0"], nothing, NOBODY, Rule()) == [0, 1]
    assert channels(["7"], nothing, NOBODY, Rule()) == [1]
    # The order of the participants is better than that of the labels.
    swapped = STANDARD.replace("<label>1<", "<label>3<")
    assert channels(["3", "2"], known(swapped), NOBODY, Rule()) == [1, 0]


def test_both_agents_are_told_apart_by_order() -> None:
    rule = Rule(agents=("*",))
    assert channels(["1", "2"], known(STANDARD), NOBODY, rule) == [1, 0]


def test_a_third_goes_where_its_like_are() -> None:
    third = STANDARD.replace(
        "</recording>",
        '<participant participant_id="p3"><nameID aor="sip:1002@b.example"/></participant>'
        '<stream stream_id="z"><label>3</label></stream><participantstreamassoc '
        'participant_id="p3"><send>z</send></participantstreamassoc></recording>',
    )
    assert channels(["1", "2", "3"], known(third), NOBODY, Rule(agents=("1???",))) == [1, 0, 0]


@pytest.mark.parametrize(("end", "channel"), [("x-nearend", 0), ("x-farend", 1)])
def test_a_forking_telephone_says_which_end_it_is(end: str, channel: int) -> None:
    sender = f'"x" <sip:1001@10.0.0.1;{end};x-refci=31337;x-nearendclusterid=c>;tag=1'
    request = Request("INVITE", "sip:srs", Headers([("from", sender), ("call-id", "rs")]))
    assert channels([None], Metadata(), request, Rule()) == [channel]
    assert details(Metadata(), request, Rule()).call_id == "31337"


def test_what_a_recording_is_filed_under() -> None:
    request = Request(
        "INVITE",
        "sip:srs",
        Headers([("call-id", "rs-call"), ("x-queue", "Sales"), ("x-ucid", "u1")]),
    )
    told = details(known(STANDARD), request, Rule(queue_header="X-Queue", call_id_header="X-UCID"))
    assert (told.queue, told.call_id) == ("Sales", "u1")
    told = details(known(STANDARD), request, Rule(queue_element="sipSessionID"))
    assert told.queue == told.call_id == "ab30317f1a784dc4;remote=47755a9d"
    assert details(Metadata(), request, Rule()).call_id == "rs-call"


def test_what_may_not_be_stored_is_left_out() -> None:
    card = STANDARD.replace("1001@b.example", "4111111111111111@b.example")
    told = details(known(card), NOBODY, Rule())
    assert told.agent is None
    assert told.caller == "+12125550123"


def test_nobody_is_shown() -> None:
    shown = repr(known(STANDARD))
    assert "Bob" not in shown
    assert "1001" not in shown


def test_a_partial_update_adds_and_a_complete_one_replaces() -> None:
    before = known(STANDARD)
    partial = known(
        "<recording><datamode>partial</datamode><participant participant_id='p3'>"
        "<nameID aor='sip:1003@b'/></participant><stream stream_id='z'><label>3</label></stream>"
        "<participantstreamassoc participant_id='p3'><send>z</send></participantstreamassoc>"
        "<participant participant_id='p2'><nameID aor='sip:1004@b'/></participant></recording>"
    )
    after = before.updated(partial)
    assert [after.heard_in(label) for label in "123"] == [["p1"], ["p2"], ["p3"]]
    assert after.participants["p2"].aors == ("sip:1004@b",)
    assert before.updated(known(DRAFT)).participants["p2"].aors == ("sip:1001@b.example",)


LAUGHS = "<!DOCTYPE r [<!ENTITY a0 'lol'>{}]><recording>&a9;</recording>".format(
    "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9))
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "<!DOCTYPE r SYSTEM 'file:///etc/passwd'><recording/>",
        "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><recording>&x;</recording>",
        "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><recording/>",
        "<recording>" + "<a>" * 5_000 + "</a>" * 5_000 + "</recording>",
        "<recording>" + "<a/>" * 20_000 + "</recording>",
    ],
)
def test_harm_is_refused_and_takes_no_memory(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RefusedError) as refused:
            metadata.parse(text.encode())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.status == 400
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no XML",
        b"<recording>",
        b"<recording>&x;</recording>",
        b"<other/>",
        b"<?xml version='1.0' encoding='none'?><recording/>",
        b"<recording a='1' a='2'/>",
        b"\xff\xfe<\x00",
    ],
)
def test_what_cannot_be_read_is_as_if_it_were_not_there(data: bytes) -> None:
    assert metadata.parse(data) is None


PIECES = (  # noqa: SIM905 - as a list it would fill a page
    "<recording>|</recording>|<participant id='a'>|</participant>|<send>|</send>|<stream id='a'>|"
    "<label>|</label>|</stream>|<x:y/>|a|&lt;|]]>|<nameID aor='sip:a@b'/>|<!--|-->|<?x ?>|<![CDATA["
    "|'|\x00|é"
).split("|")


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read_refused_or_passed_over(text: str) -> None:
    try:
        found = metadata.parse(text.encode())
    except RefusedError:
        return
    if found is not None:
        assert len(channels(["1", None], found, NOBODY, Rule())) == 2
        details(found, NOBODY, Rule())


def test_what_may_be_the_callers_number_is_never_an_agent_in_clear() -> None:
    """The order of participants is a guess; a pattern of the settings is none."""
    found = known(next(iter(VARIANTS.values())))
    wrong = details(found, NOBODY, Rule(agent_first=True))
    assert (wrong.agent, wrong.caller) == (None, "1001")
    told = details(found, NOBODY, Rule(agents=("+1212*",)))
    assert told.agent == "+12125550123"
