"""Calls that are up: listed by reach, on record before the first byte, ended with the session."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from hushtap.errors import UsageError
from hushtap.vault.audit.log import LOG_NAME
from hushtap.web.app import make_app
from hushtap.web.roles import Role
from hushtap.web.rules import GatewayRules, Rules
from web.bench import Bench, make_bench
from web.gateways import FIRST, TOKEN, Playing, gateway, tone
from web.test_sign_in import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLE = Role.SUPERVISOR
PIECES = [(FIRST, tone(0.5)), (FIRST + 8000, tone(0.25, 1))]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Bench, Playing]]:
    """A desk whose gateway has all the calls of the bench up."""
    bench = make_bench(tmp_path)
    (tmp_path / "token").write_text(TOKEN)
    with gateway(Playing(list(PIECES), list(bench.calls.values()))) as playing:
        rules = Rules(gateway=GatewayRules(url=playing.url, token_file=tmp_path / "token"))
        bench.app = make_app(bench.vault, bench.database, clock=bench.clock, rules=rules)
        yield bench, playing
    bench.database.close()


def messages(content: bytes) -> list[bytes]:
    """What the desk sent, without the lengths."""
    found, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at)
        found.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def test_the_list_shows_what_is_in_reach(live: tuple[Bench, Playing]) -> None:
    bench, _ = live
    page = bench.signed_in(ROLE).get("/live").text
    for (agent, _queue), recording in bench.calls.items():
        assert (f"/live/{recording}" in page) is (agent == "ann")
    assert "Security code 2" in page


def test_sound_comes_as_the_gateway_sent_it_and_is_on_record(live: tuple[Bench, Playing]) -> None:
    bench, _ = live
    recording = bench.calls["ann", "billing"]
    answer = bench.signed_in(ROLE).get(f"/live/{recording}/sound")
    assert answer.status_code == 200
    assert [answer.headers[f"x-{name}"] for name in ("rate", "channels", "delay", "sample")] == [
        *("8000", "2", "10", str(FIRST))
    ]
    first, second, end = messages(answer.content)
    for message, (at, frames) in zip((first, second), PIECES, strict=True):
        assert struct.unpack_from("<Q", message) == (at,)
        assert np.array_equal(np.frombuffer(message[8:], "<i2").reshape(-1, 2), frames)
    assert end == b""
    [(user, origin, _)] = told(bench, "listen")
    assert (user, origin) == ("the-supervisor", "10.0.0.7")


def test_what_is_out_of_reach_is_not_even_asked_for(live: tuple[Bench, Playing]) -> None:
    bench, playing = live
    theirs = bench.calls["cara", "orders"]
    assert bench.signed_in(ROLE).get(f"/live/{theirs}/sound").status_code == 404
    assert bench.signed_in(Role.QA_ANALYST).get(f"/live/{theirs}/sound").status_code == 403
    assert playing.asked == []


def test_nothing_is_played_that_is_not_on_record(live: tuple[Bench, Playing]) -> None:
    bench, playing = live
    client = bench.signed_in(ROLE)
    (bench.vault.path / LOG_NAME).unlink()
    (bench.vault.path / LOG_NAME).mkdir()
    recording = bench.calls["ann", "billing"]
    answer = client.get(f"/live/{recording}/sound")
    assert (answer.status_code, playing.asked) == (503, [recording])
    assert PIECES[0][1].tobytes()[:64] not in answer.content


@pytest.mark.parametrize(
    "change",
    ["disabled = 1", "role = 'qa-analyst', queues = '[\"billing\"]'", "agents = '[\"cara\"]'"],
)
def test_whoever_may_not_listen_any_more_hears_no_further(
    live: tuple[Bench, Playing], change: str
) -> None:
    bench, playing = live
    playing.pause = 0.05
    client = bench.signed_in(ROLE)
    # The account is changed while it plays: the desk looks each second.
    sends = [(FIRST + 800 * n, tone(0.1)) for n in range(100)]

    class Ending(list):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[object]:
            for number, piece in enumerate(sends):
                if number == 5:
                    with bench.database.writing() as connection:
                        connection.exec_driver_sql(
                            f"UPDATE accounts SET {change} WHERE name = 'the-supervisor'"  # noqa: S608
                        )
                yield piece

    playing.pieces = Ending()
    answer = client.get(f"/live/{bench.calls['ann', 'billing']}/sound")
    found = messages(answer.content)
    assert 5 <= len(found) < 60
    assert found[-1] != b""


@pytest.mark.parametrize("start", [{"version": 2}, {"encoding": "opus"}, {"channels": 9}], ids=str)
def test_another_protocol_is_refused(live: tuple[Bench, Playing], start: dict[str, object]) -> None:
    bench, playing = live
    playing.start = start
    answer = bench.signed_in(ROLE).get(f"/live/{bench.calls['ann', 'billing']}/sound")
    assert answer.status_code == 503
    assert told(bench, "listen") == []


def test_a_connection_that_breaks_is_no_end(live: tuple[Bench, Playing]) -> None:
    bench, playing = live
    playing.pieces.append((FIRST, np.zeros((0, 2), np.int16)))
    answer = bench.signed_in(ROLE).get(f"/live/{bench.calls['ann', 'billing']}/sound")
    assert len(messages(answer.content)) == 2


def test_a_call_that_is_over_and_a_gateway_that_is_gone(live: tuple[Bench, Playing]) -> None:
    bench, playing = live
    client, recording = bench.signed_in(ROLE), bench.calls["ann", "billing"]
    playing.up.clear()
    assert client.get(f"/live/{recording}/sound").status_code == 503
    assert "No call in reach is up" in client.get("/live").text


def test_without_a_gateway_the_page_says_so(own_bench: Bench) -> None:
    page = own_bench.signed_in(ROLE).get("/live")
    assert page.status_code == 200
    assert "No gateway is named" in page.text
    assert 'href="/live"' not in page.text


def test_the_token_goes_out_guarded_only(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        GatewayRules(url="http://gateway.example.test", token_file=tmp_path / "token")
    rules = Rules(gateway=GatewayRules(url="https://gateway.test", token_file=tmp_path / "none"))
    bench = make_bench(tmp_path)
    with pytest.raises(UsageError, match="none"):
        make_app(bench.vault, bench.database, rules=rules)
    bench.database.close()
