"""Alerts: an ordinary day gives none, each odd one gives its own, and the webhook is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from hushtap.web.roles import Role
from hushtap.web.rules import AlertRules, Rules
from hushtap.web.watch import HABIT, TRIES, Alert, Rule, network
from hushtap.web.webhook import Courier, courier_of
from web.bench import Bench, make_bench
from web.test_sign_in import give_code, give_password, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.web.sessions import Session

KEY = bytes(range(32))
RULES = Rules(
    alerts=AlertRules.model_validate({"recordings": 30, "refused": 3, "from": 8, "to": 18})
)
DAY = 24 * 3600


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    """A desk with narrow rules; it is noon on a Sunday."""
    bench = make_bench(tmp_path, rules=RULES)
    yield bench
    bench.database.close()


def session_of(bench: Bench, role: Role = Role.SUPERVISOR) -> Session:
    client = bench.signed_in(role)
    found = bench.app.state.sessions.find(client.cookies["__Host-hushtap"])
    assert found is not None
    return found  # type: ignore[no-any-return]


def listen(bench: Bench, count: int, *, queue: str = "billing", every: float = 300) -> None:
    """Listen to ``count`` different calls, one after the other."""
    info, session = bench.vault.list()[0], session_of(bench)
    for at in range(count):
        bench.clock.now += every
        call = replace(info, id=f"{queue}-{bench.clock.now}-{at}", queue=queue)
        bench.app.state.watch.listened(session, call)


def rules(bench: Bench) -> list[tuple[Rule, int]]:
    return sorted((one.rule, one.amount) for one in bench.app.state.watch.alerts())


def test_an_ordinary_week_gives_no_alert(desk: Bench) -> None:
    for _ in range(7):
        morning = desk.clock.now - 3 * 3600
        desk.clock.now = morning
        desk.app.state.watch.entered("the-supervisor", "10.0.0.7")
        listen(desk, 20)
        listen(desk, 10, every=60)
        desk.app.state.watch.entered("the-supervisor", "10.0.0.99")
        desk.clock.now = morning + 3 * 3600 + DAY
    assert rules(desk) == []
    page = desk.signed_in(Role.PRIVACY_OFFICER).get("/alerts").text
    assert "Nothing out of the ordinary" in page


def test_bulk_listening_is_told_once_and_counted(desk: Bench) -> None:
    listen(desk, 29, every=60)
    assert rules(desk) == []
    listen(desk, 3, every=60)
    assert rules(desk) == [(Rule.BULK, 3)]
    # An hour in which little was heard is none.
    desk.clock.now += 3601
    listen(desk, 5)
    assert rules(desk) == [(Rule.BULK, 3)]


@pytest.mark.parametrize(("hour", "odd"), [(7, True), (8, False), (17, False), (18, True)])
def test_odd_hours_are_those_of_the_rules(desk: Bench, hour: int, *, odd: bool) -> None:
    desk.clock.now += (hour - 12) * 3600
    listen(desk, 1, every=0)
    assert rules(desk) == ([(Rule.HOURS, 1)] if odd else [])


def test_hours_are_of_a_zone_and_weekends_may_be_odd(tmp_path: Path) -> None:
    alerts = AlertRules.model_validate({"zone": "America/New_York", "from": 8, "to": 18})
    bench = make_bench(tmp_path / "a", rules=Rules(alerts=alerts))
    listen(bench, 1, every=0)
    assert rules(bench) == [(Rule.HOURS, 1)]
    bench.database.close()
    bench = make_bench(tmp_path / "b", rules=Rules(alerts=AlertRules(weekends=False)))
    listen(bench, 1, every=0)
    assert rules(bench) == [(Rule.HOURS, 1)]
    bench.database.close()


def test_a_new_network_is_told_a_new_address_is_not(desk: Bench) -> None:
    desk.enrol(Role.SUPERVISOR)
    client = desk.client()
    give_password(client)
    give_code(client, desk.code(Role.SUPERVISOR))
    watch = desk.app.state.watch
    for address in ("10.0.0.200", "10.0.0.3"):
        watch.entered("the-supervisor", address)
    assert rules(desk) == []
    watch.entered("the-supervisor", "10.0.1.7")
    watch.entered("the-auditor", "192.0.2.1")
    [alert] = watch.alerts()
    assert (alert.rule, alert.account, alert.address) == (Rule.PLACE, "the-supervisor", "10.0.1.7")
    # After a quarter it is new again.
    desk.clock.now += 91 * DAY
    watch.entered("the-supervisor", "10.0.1.7")
    watch.entered("the-supervisor", "10.0.0.7")
    assert len(watch.alerts()) == 2
    assert network("ipv6/2001:db8::1") == network("ipv6/2001:db8::ffff") == "2001:db8::/64"
    assert network("local") == "local"


def test_a_queue_that_is_no_habit_is_told(desk: Bench) -> None:
    listen(desk, HABIT - 1)
    listen(desk, 1, queue="orders")
    assert rules(desk) == []
    listen(desk, 1, queue="complaints")
    assert rules(desk) == [(Rule.QUEUE, 1)]
    listen(desk, 1, queue="complaints")
    assert rules(desk) == [(Rule.QUEUE, 1)]


def test_asking_for_what_is_out_of_reach_is_told(desk: Bench) -> None:
    client = desk.signed_in(Role.SUPERVISOR)
    theirs = desk.calls["cara", "orders"]
    client.get("/cases")
    for path in (f"/calls/{theirs}", f"/calls/{theirs}/audio", "/calls/20200101T000000Z-00000000"):
        assert client.get(path).status_code == 404
    assert rules(desk) == []
    assert client.get(f"/api/v1/calls/{theirs}").status_code == 404
    assert rules(desk) == [(Rule.REFUSED, 1)]


def test_real_listening_is_what_is_watched(desk: Bench) -> None:
    desk.clock.now += 8 * 3600
    client = desk.signed_in(Role.SUPERVISOR)
    client.get(f"/calls/{desk.calls['ann', 'billing']}")
    assert rules(desk) == []
    client.get(f"/calls/{desk.calls['ann', 'billing']}/audio")
    assert rules(desk) == [(Rule.HOURS, 1)]
    assert told(desk, "listen") != []


def test_alerts_are_looked_into_by_somebody_else(desk: Bench) -> None:
    watch = desk.app.state.watch
    for name in ("the-supervisor", "the-privacy-officer"):
        watch.entered(name, "10.0.0.7")
        watch.entered(name, "192.0.2.7")
    officer = desk.signed_in(Role.PRIVACY_OFFICER)
    page = officer.get("/alerts").text
    assert page.count("Signed in, or used a token, from a new network</td>") == 2
    assert '<b class="badge">2</b>' in page
    own, theirs = (one.id for one in watch.alerts())
    assert officer.post(f"/alerts/{own}/settle").status_code == 403
    assert officer.post(f"/alerts/{theirs}/settle").status_code == 303
    assert officer.post("/alerts/99/settle").status_code == 422
    assert [one.settled_by for one in watch.alerts()] == [None, "the-privacy-officer"]
    assert told(desk, "alert") == [("the-privacy-officer", "10.0.0.7", "success")]
    # What was settled and comes again is another.
    watch.entered("the-supervisor", "198.51.100.7")
    assert len(watch.alerts()) == 3


class Receiver(ThreadingHTTPServer):
    """A server that keeps what it is sent, and answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.taken: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/alerts"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.taken.append((headers, body))
        self.send_response(self.server.status)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - http.server's
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


def secret(folder: Path) -> Path:
    path = folder / "webhook.secret"
    path.write_text("whsec_" + base64.b64encode(KEY).decode() + "\n")
    return path


def test_an_alert_is_sent_once_and_signed(desk: Bench, tmp_path: Path) -> None:
    listen(desk, 30, every=60)
    with receiving() as receiver:
        courier = Courier(desk.app.state.watch, receiver.url, secret(tmp_path))
        assert (courier.deliver(), courier.deliver()) == (1, 0)
        courier.stop()
        [(headers, body)] = receiver.taken
    # As the specification has it, written down anew.
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    expected = base64.b64encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    told_of = json.loads(body)
    assert told_of["type"] == "desk.alert"
    assert told_of["data"]["rule"] == "bulk"
    assert told_of["data"]["account"] == "the-supervisor"
    assert told_of["data"].keys() == {"alert", "rule", "account", "address", "made"}


@pytest.mark.parametrize("status", [500, 302, 404])
def test_what_was_not_taken_is_sent_again_later_and_not_for_ever(
    desk: Bench, tmp_path: Path, status: int
) -> None:
    listen(desk, 30, every=60)
    watch = desk.app.state.watch
    with receiving() as receiver:
        receiver.status = status
        courier = Courier(watch, receiver.url, secret(tmp_path))
        for tried in range(1, TRIES + 1):
            assert courier.deliver() == 0
            assert len(receiver.taken) == tried
            desk.clock.now += 15 * 3**tried - 1
            assert watch.due() == []
            desk.clock.now += 1
            assert bool(watch.due()) is (tried < TRIES)
        courier.stop()
        assert {headers["webhook-id"] for headers, _ in receiver.taken} == {"alert-1"}


def test_a_receiver_that_is_not_there_costs_a_try(desk: Bench, tmp_path: Path) -> None:
    listen(desk, 30, every=60)
    with receiving() as receiver:
        url = receiver.url
    courier = Courier(desk.app.state.watch, url, secret(tmp_path))
    assert courier.deliver() == 0
    courier.stop()
    [alert] = desk.app.state.watch.alerts()
    assert isinstance(alert, Alert)
    assert alert.tries == 1


def test_without_a_webhook_there_is_no_courier(desk: Bench, tmp_path: Path) -> None:
    watch = desk.app.state.watch
    assert courier_of(AlertRules(), watch) is None
    named = AlertRules(webhook="https://alerts.example.test/", webhook_secret=secret(tmp_path))
    courier = courier_of(named, watch)
    assert courier is not None
    courier.stop()
