from __future__ import annotations

import pytest

from hushtap.taps.siprec.application import Cause
from hushtap.taps.siprec.fields import top_via
from hushtap.taps.siprec.flows import Flow
from hushtap.taps.siprec.message import RefusedError, Request, Response, parse
from taps.siprec.phone import OFFER, TCP, UDP, Phone, request


def reply(asked: Request, status: int = 200) -> bytes:
    via, cseq = asked.headers.get("via"), asked.headers.get("cseq")
    return f"SIP/2.0 {status} X\r\nVia: {via}\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_call_from_its_beginning_to_its_end() -> None:
    phone = Phone()
    phone.say(request("INVITE", body=OFFER, headers=("Require: siprec",)))
    assert phone.statuses() == [100]
    dialog = phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
    tag = phone.tag()
    (accepted,) = phone.answers()
    assert accepted.status == 200
    assert accepted.body == b"v=0\r\n"
    assert "+sip.srs" in (accepted.headers.get("contact") or "")
    phone.say(request("ACK", to_tag=tag))
    phone.wait(40)
    assert phone.sent == []
    phone.say(request("BYE", 2, to_tag=tag))
    assert phone.statuses() == [200]
    assert phone.desk.ends == [Cause.BYE]
    assert dialog.over
    phone.say(request("BYE", 3, to_tag=tag))
    assert phone.statuses() == [481]


def test_success_is_repeated_until_it_is_acknowledged_and_given_up_with_a_bye() -> None:
    for flow in (UDP, TCP):
        phone = Phone(flow)
        phone.say(request("INVITE", body=OFFER))
        phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
        begun = phone.now
        phone.wait(31.9)
        times = [when - begun for when, _, data in phone.sent if b" 200 OK" in data]
        assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        phone.sent.clear()
        phone.wait(1)
        assert {one.method for one in phone.requests()} == {"BYE"}
        assert phone.desk.ends == [Cause.UNACKNOWLEDGED]


def test_a_repeated_request_gets_the_same_answer_and_is_acted_upon_once() -> None:
    phone = Phone()
    invite = request("INVITE", body=OFFER)
    phone.say(invite)
    phone.say(invite)
    first, again = (data for _, _, data in phone.sent)
    assert first == again
    phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
    tag = phone.tag()
    phone.say(invite)
    assert phone.sent[-1][2] == phone.sent[-2][2]
    assert len(phone.desk.invitations) == 1
    phone.say(request("ACK", to_tag=tag))
    phone.sent.clear()
    bye = request("BYE", 2, to_tag=tag)
    phone.say(bye)
    phone.say(bye)
    assert phone.sent[0][2] == phone.sent[1][2]
    assert phone.desk.ends == [Cause.BYE]
    # Once the transaction is forgotten it is a stranger's.
    phone.wait(33)
    phone.sent.clear()
    phone.say(bye)
    assert phone.statuses() == [481]


def test_a_refusal_is_repeated_until_it_is_acknowledged() -> None:
    phone = Phone()
    phone.say(request("INVITE", body=OFFER))
    error = RefusedError(503, "no", headers=[("Retry-After", "7")])
    phone.agent.refuse(phone.desk.invitations[0], error, phone.now)
    phone.wait(2)
    answers = phone.answers()
    assert [one.status for one in answers] == [100, 503, 503, 503]
    assert answers[-1].headers.get("retry-after") == "7"
    phone.say(request("ACK", branch="z9hG4bKINVITE1"))
    phone.wait(40)
    assert phone.sent == []


def test_over_a_stream_a_refusal_is_sent_once() -> None:
    phone = Phone(TCP)
    phone.say(request("INVITE", body=OFFER))
    phone.agent.refuse(phone.desk.invitations[0], RefusedError(488, "no"), phone.now)
    phone.wait(40)
    assert phone.statuses() == [100, 488]


def test_cancel_before_the_answer_and_after_it() -> None:
    phone = Phone()
    phone.say(request("INVITE", body=OFFER))
    phone.say(request("CANCEL", branch="z9hG4bKINVITE1"))
    assert phone.statuses() == [100, 200, 487]
    assert phone.desk.cancelled_ones == phone.desk.invitations
    assert not phone.desk.invitations[0].is_open
    phone.say(request("CANCEL", branch="z9hG4bKnone"))
    assert phone.statuses() == [481]
    phone.say(request("INVITE", 2, body=OFFER, call_id="c2"))
    phone.agent.accept(phone.desk.invitations[1], b"v=0\r\n", phone.now)
    phone.sent.clear()
    phone.say(request("CANCEL", 2, branch="z9hG4bKINVITE2", call_id="c2"))
    assert phone.statuses() == [200]
    assert len(phone.desk.cancelled_ones) == 1


def test_an_invite_that_came_by_two_ways_is_taken_once() -> None:
    phone = Phone()
    phone.say(request("INVITE", body=OFFER))
    phone.say(request("INVITE", body=OFFER, branch="z9hG4bKother"))
    assert phone.statuses() == [100, 482]
    phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
    phone.sent.clear()
    phone.say(request("INVITE", body=OFFER, branch="z9hG4bKthird"))
    assert phone.statuses() == [482]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("application/dtmf-relay", 1),
        ("application/dtmf", 1),
        ("application/vnd.nortelnetworks.dtmf", 1),
        ("Audio/Telephone-Event", 1),
        ("application/media_control+xml", 0),
    ],
)
def test_an_info_that_may_tell_of_a_key_is_told_of(kind: str, keys: int) -> None:
    phone = Phone()
    tag = phone.call()
    kinds = (f"Content-Type: {kind}",)
    phone.say(request("INFO", 2, to_tag=tag, body=b"Signal=5\r\n", headers=kinds))
    assert (phone.statuses(), len(phone.desk.keys)) == ([200], keys)


def test_requests_within_a_session() -> None:
    phone = Phone()
    tag = phone.call()
    phone.say(request("INVITE", 2, to_tag=tag, body=OFFER))
    phone.say(request("ACK", 2, to_tag=tag))
    phone.say(request("UPDATE", 3, to_tag=tag))
    phone.say(request("INFO", 4, to_tag=tag, body=b"Signal=5\r\n"))
    assert phone.desk.keys == [phone.now]
    phone.say(request("OPTIONS", 5, to_tag=tag))
    phone.say(request("NOTIFY", 6, to_tag=tag))
    assert phone.statuses() == [200, 200, 200, 200, 405]
    assert phone.desk.changes == ["INVITE", "UPDATE"]
    phone.say(request("UPDATE", 2, to_tag=tag, branch="z9hG4bKold"))
    assert phone.statuses() == [500]
    phone.desk.refusal = RefusedError(488, "not this codec")
    phone.say(request("INVITE", 7, to_tag=tag, body=OFFER))
    (refused,) = phone.answers()
    assert refused.status == 488
    assert "not this codec" in (refused.headers.get("warning") or "")
    assert phone.desk.ends == []


def test_a_failing_application_is_answered_for() -> None:
    phone = Phone()
    tag = phone.call()
    phone.desk.refusal = ZeroDivisionError()  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        phone.say(request("UPDATE", 2, to_tag=tag))
    assert phone.statuses() == [500]


def test_extensions_that_are_required_and_not_there() -> None:
    phone = Phone()
    phone.say(request("INVITE", headers=("Require: siprec, gruu, 100rel", "Require: precondition")))
    (refused,) = phone.answers()
    assert refused.status == 420
    assert refused.headers.get("unsupported") == "gruu, precondition"


def test_outside_of_any_session() -> None:
    phone = Phone()
    for number, (method, status) in enumerate(
        {"OPTIONS": 200, "BYE": 481, "INFO": 481, "UPDATE": 481, "REGISTER": 405}.items(), 1
    ):
        phone.say(request(method, number))
        assert phone.statuses() == [status]
    phone.say(request("INVITE", 9, to_tag="unknown"))
    phone.say(request("ACK", 9, to_tag="unknown"))
    assert phone.statuses() == [481]


def test_while_it_drains() -> None:
    phone = Phone()
    tag = phone.call()
    phone.agent.draining = 30
    phone.say(request("INVITE", 8, body=OFFER, call_id="c2"))
    phone.say(request("OPTIONS", 9, call_id="c3"))
    answers = phone.answers()
    assert [(one.status, one.headers.get("retry-after")) for one in answers] == [(503, "30")] * 2
    phone.say(request("INVITE", 2, to_tag=tag, body=OFFER))
    assert phone.statuses() == [200]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        (b"CSeq: 1 INVITE", b"CSeq: 4294967296 INVITE"),
        (b"CSeq: 1 INVITE\r\n", b""),
        (b"Call-ID: c1\r\n", b""),
        (b"From: <sip:src@10.0.0.9>;tag=theirs\r\n", b""),
        (b";tag=theirs", b""),
        (b"To: <sip:srs@10.0.0.1>", b"To: <>"),
    ],
)
def test_malformed_requests_are_refused(old: bytes, new: bytes) -> None:
    phone = Phone()
    phone.say(request("INVITE", body=OFFER).replace(old, new))
    assert phone.statuses() == [400]
    assert phone.desk.invitations == []


def test_one_without_a_way_back_is_dropped() -> None:
    phone = Phone()
    with pytest.raises(RefusedError):
        phone.say(request("INVITE", body=OFFER).replace(b"Via: SIP/2.0/UDP 10.0.0.9", b"Via: x"))
    assert phone.sent == []


@pytest.mark.parametrize(
    ("via", "flow", "goes_to", "in_answer"),
    [
        ("10.0.0.9:5070", UDP, ("10.0.0.9", 5070), "10.0.0.9:5070;branch=z9hG4bK1"),
        ("10.0.0.9", UDP, ("10.0.0.9", 5060), "10.0.0.9;branch=z9hG4bK1"),
        ("nat", UDP, ("10.0.0.9", 5060), "nat;branch=z9hG4bK1;received=10.0.0.9"),
        (
            "10.1.1.1:9;rport",
            Flow("UDP", ("10.0.0.9", 4_444), ("10.0.0.1", 5_060)),
            ("10.0.0.9", 4_444),
            "10.1.1.1:9;branch=z9hG4bK1;received=10.0.0.9;rport=4444",
        ),
        ("10.0.0.9:1", TCP, ("10.0.0.9", 33_000), "10.0.0.9:1;branch=z9hG4bK1"),
    ],
)
def test_where_answers_go(via: str, flow: Flow, goes_to: tuple[str, int], in_answer: str) -> None:
    phone = Phone(flow)
    phone.say(request("OPTIONS", via=via, branch="z9hG4bK1"))
    ((_, used, data),) = phone.sent
    assert used.remote == goes_to
    answer = parse(data)
    assert answer.headers.get("via") == f"SIP/2.0/UDP {in_answer}"


def test_other_vias_and_record_routes_come_back_to_the_letter() -> None:
    phone = Phone()
    routes = 'Record-Route: "p <1>" <sip:p1;lr;x=%41>, <sip:p2;lr>'
    phone.say(request("INVITE", body=OFFER, headers=("v: SIP/2.0/UDP  up ;branch=q", routes)))
    phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
    answer = parse(phone.sent[-1][2])
    assert answer.headers.all("via")[1] == "SIP/2.0/UDP  up ;branch=q"
    assert f"Record-Route: {answer.headers.get('record-route')}" == routes


def test_our_bye_follows_the_route() -> None:
    phone = Phone()
    phone.call("Record-Route: <sip:p1;lr>, <sip:p2;lr>")
    assert phone.dialog is not None
    phone.agent.hang_up(phone.dialog, phone.now)
    (bye,) = phone.requests()
    assert bye.headers.all("route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert bye.uri == "sip:src@10.0.0.9:5060"
    assert bye.headers.get("to") == "<sip:src@10.0.0.9>;tag=theirs"
    assert phone.desk.ends == [Cause.HUNG_UP]
    phone.wait(3)
    assert len(phone.requests()) == 2
    phone.say(reply(bye))
    phone.wait(40)
    assert phone.requests() == []


def test_old_requests_without_a_branch_are_told_apart() -> None:
    phone = Phone()
    for number in (1, 2):
        phone.say(request("OPTIONS", number, branch="1"))
        phone.say(request("OPTIONS", number, branch="1"))
    answers = [data for _, _, data in phone.sent]
    assert answers[0] == answers[1] != answers[2] == answers[3]


# --- session timers (RFC 4028)


def expired(phone: Phone) -> bool:
    return phone.desk.ends == [Cause.EXPIRED]


def test_the_client_refreshes_or_the_session_ends() -> None:
    phone = Phone(session_s=1_800)
    phone.say(request("INVITE", body=OFFER, headers=("Supported: timer", "Session-Expires: 300")))
    phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
    (_, accepted) = phone.answers()
    assert accepted.headers.get("session-expires") == "300;refresher=uac"
    assert accepted.headers.get("require") == "timer"
    assert phone.dialog is None
    phone = Phone(session_s=1_800)
    tag = phone.call("Supported: timer", "Session-Expires: 300")
    phone.wait(250)
    refresh = ("Supported: timer", "Session-Expires: 300;refresher=uac")
    phone.say(request("UPDATE", 2, to_tag=tag, headers=refresh))
    phone.wait(260)
    assert phone.desk.ends == []
    phone.wait(10)
    assert expired(phone)
    assert phone.requests()[0].method == "BYE"


def test_we_refresh_where_we_are_asked_to() -> None:
    phone = Phone(session_s=1_800)
    phone.call("Supported: timer", "Session-Expires: 200;refresher=uas", "Allow: INVITE, UPDATE")
    phone.wait(100)
    (update,) = phone.requests()
    assert update.method == "UPDATE"
    assert update.headers.get("session-expires") == "200;refresher=uac"
    phone.say(reply(update))
    phone.wait(100)
    (again,) = phone.requests()
    assert again.headers.get("cseq") == "2 UPDATE"
    phone.say(reply(again, 481))
    assert expired(phone)


def test_a_refresh_that_nobody_answers_ends_the_session() -> None:
    phone = Phone(session_s=1_800)
    phone.call("Supported: timer", "Session-Expires: 200;refresher=uas", "Allow: INVITE, UPDATE")
    phone.wait(140)
    assert expired(phone)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ((), None),
        (("Supported: timer",), "1800;refresher=uac"),
        (("Supported: timer", "x: 3600"), "1800;refresher=uac"),
        (("Supported: timer", "x: 3600", "Min-SE: 2000"), "2000;refresher=uac"),
        (("Session-Expires: 600", "Allow: UPDATE"), "600;refresher=uas"),
        (("Session-Expires: 600", "Allow: INVITE"), None),
        (("Session-Expires: 10",), None),
    ],
)
def test_what_timer_is_agreed(headers: tuple[str, ...], told: str | None) -> None:
    phone = Phone(session_s=1_800)
    phone.say(request("INVITE", body=OFFER, headers=headers))
    phone.agent.accept(phone.desk.invitations[0], b"v=0\r\n", phone.now)
    (_, accepted) = phone.answers()
    assert accepted.headers.get("session-expires") == told


def test_strays_are_nothing() -> None:
    phone = Phone()
    stray = parse(
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n"
    )
    assert isinstance(stray, Response)
    assert top_via(stray).branch == "z9hG4bKx"
    phone.agent.receive(stray, UDP, phone.now)
    assert phone.sent == []
