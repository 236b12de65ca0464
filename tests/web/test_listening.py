"""Sound by ranges: what was recorded, on record before its first byte, silent where flagged."""

from __future__ import annotations

import io
import json
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from starlette.requests import Request

from hushtap.errors import VaultError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.schema import waiting_mutes
from hushtap.web.desk import OPEN_FOR
from hushtap.web.review import FlagKind, FlagState
from hushtap.web.roles import Role
from hushtap.web.routes.listen import byte_range, stream, wav_header
from vault.audit.logs import entries_of
from vault.calls import call
from web.bench import LENGTH, Bench

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROLE = Role.SUPERVISOR


def path_of(bench: Bench, what: str = "", agent: str = "ann", queue: str = "billing") -> str:
    return f"/calls/{bench.calls[agent, queue]}{what}"


def samples_in(wav: bytes) -> NDArray[np.int16]:
    """Read a WAV with the standard library: shape ``(n, channels)``."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8000, 2)
        return np.frombuffer(file.readframes(-1), "<i2").reshape(-1, file.getnchannels())


def flag(bench: Bench, start: float, end: float, **other: str) -> str:
    form = {"kind": "miss", "channel": "1", "entity": "US_SSN"} | other
    form |= {"start": str(start), "end": str(end)}
    answer = bench.signed_in(ROLE).post(path_of(bench, "/flags"), data=form)
    assert answer.status_code == 303
    return answer.headers["location"]


def test_the_sound_is_the_recording(bench: Bench) -> None:
    answer = bench.signed_in(ROLE).get(path_of(bench, "/audio"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert np.array_equal(samples_in(answer.content), call(LENGTH, seed=0))


def test_any_range_is_that_part_of_the_whole(bench: Bench) -> None:
    client = bench.signed_in(ROLE)
    whole = client.get(path_of(bench, "/audio")).content
    size = len(whole)

    @given(st.integers(0, size + 20), st.none() | st.integers(0, size + 20))
    def check(first: int, last: int | None) -> None:
        asked = f"bytes={first}-{'' if last is None else last}"
        answer = client.get(path_of(bench, "/audio"), headers={"range": asked})
        end = size if last is None else min(size, last + 1)
        if last is not None and last < first:
            assert (answer.status_code, answer.content) == (200, whole)
        elif first >= size:
            assert (answer.status_code, answer.content) == (416, b"")
        else:
            assert answer.status_code == 206
            assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
            assert answer.content == whole[first:end]

    check()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        (" Bytes =5- ", (5, 100)),
        ("bytes=0-1,5-6", None),
        ("bytes=a-b", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=٣-", None),
        ("seconds=0-1", None),
        ("bytes=7-3", None),
    ],
)
def test_ranges_as_they_are_written(header: str | None, found: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=200-300", "bytes=-0"])
def test_ranges_outside_are_refused(header: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        byte_range(header, 100)


def test_every_listening_is_on_record_in_the_name_of_who_listens(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    client = own_bench.signed_in(ROLE)

    def told() -> list[tuple[str, str]]:
        found = [json.loads(entry) for entry in entries_of(own_bench.vault.path)]
        return [
            (one["activity"], one["outcome"])
            for one in found
            if one["actor"]["user"] == "the-supervisor" and one["activity"] != "key-use"
        ]

    client.get(path_of(own_bench))
    assert told() == [("read", "begun"), ("read", "success")]
    client.get(path_of(own_bench, "/waveform"))
    assert len(told()) == 2
    for _ in range(3):
        client.get(path_of(own_bench, "/audio"), headers={"range": "bytes=0-100"})
    assert told()[2:] == [("listen", "success")]
    # So is what is heard again a quarter of an hour later.
    own_bench.clock.now += OPEN_FOR - 1
    client.get(path_of(own_bench, "/audio"))
    assert len(told()) == 3
    own_bench.clock.now += 1
    client.get(path_of(own_bench, "/audio"))
    assert told()[3:] == [("read", "begun"), ("read", "success"), ("listen", "success")]
    # Another session is another listening.
    own_bench.signed_in(ROLE).get(path_of(own_bench, "/audio"))
    assert told()[6:] == [("read", "begun"), ("read", "success"), ("listen", "success")]
    last = json.loads(entries_of(own_bench.vault.path)[-1])
    assert last["objects"] == [{"kind": "recording", "id": recording}]
    assert last["actor"] == {
        "user": "the-supervisor",
        "role": "supervisor",
        "origin": "10.0.0.7",
    }


@pytest.mark.parametrize("opened", [False, True])
def test_no_log_no_sound(own_bench: Bench, *, opened: bool) -> None:
    client = own_bench.signed_in(ROLE)
    if opened:
        assert client.get(path_of(own_bench)).status_code == 200
    (own_bench.vault.path / LOG_NAME).write_bytes(b"not a database, not at all" * 400)
    for left in own_bench.vault.path.glob(f"{LOG_NAME}-*"):
        left.unlink()
    answer = client.get(path_of(own_bench, "/audio"))
    assert answer.status_code == 503
    assert len(answer.content) < 5000


def test_the_waveform_is_that_of_the_recording(bench: Bench) -> None:
    answer = bench.signed_in(ROLE).get(path_of(bench, "/waveform"))
    assert answer.headers["x-channels"] == "2"
    peaks = np.frombuffer(answer.content, np.uint8).reshape(2, -1)
    loud = np.abs(call(LENGTH, seed=0).astype(np.int32)).reshape(-1, 80, 2).max(axis=1).T >> 7
    assert np.array_equal(peaks, np.minimum(loud, 255))


def test_a_damaged_recording_is_told_and_not_played(own_bench: Bench) -> None:
    path = own_bench.vault.path / "recordings" / f"{own_bench.calls['ann', 'billing']}.hush"
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    client = own_bench.signed_in(ROLE)
    page = client.get(path_of(own_bench)).text
    assert "not what was sealed" in page
    assert "marmalade" not in page
    assert client.get(path_of(own_bench, "/audio")).status_code == 503


def test_a_flagged_miss_is_gone_at_once_and_for_good(own_bench: Bench) -> None:
    client = own_bench.signed_in(ROLE)
    before = samples_in(client.get(path_of(own_bench, "/audio")).content)
    assert "seventeen" in client.get(path_of(own_bench)).text
    assert flag(own_bench, 1.0, 1.3).startswith(path_of(own_bench, "?done=muted#t="))
    # The same browser, which had it open, and the vault itself.
    after = samples_in(client.get(path_of(own_bench, "/audio")).content)
    sealed = own_bench.vault.read(own_bench.calls["ann", "billing"]).samples
    assert np.array_equal(after, sealed)
    assert not after[8040:10_360, 1].any()
    assert np.array_equal(after[10_400:], before[10_400:])
    assert np.array_equal(after[:, 0], before[:, 0])
    page = client.get(path_of(own_bench)).text
    assert "seventeen" not in page
    assert "flagged by a person" in page
    assert "missed, muted" in client.get("/cases").text


def test_what_a_hold_kept_is_silent_until_the_file_itself_is(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    client = own_bench.signed_in(ROLE)
    client.get(path_of(own_bench, "/audio"))
    own_bench.vault.life.hold(recording, "case-1")
    flag(own_bench, 0.5, 1.0)
    # The vault knows no more of what waits, and the file is still the old one.
    with own_bench.vault.life.approvals._database.writing() as connection:
        connection.execute(delete(waiting_mutes))
    own_bench.vault.life.release(recording)
    heard = samples_in(client.get(path_of(own_bench, "/audio")).content)
    assert not heard[4_000:8_000, 1].any()


def test_a_held_recording_is_silent_at_the_desk(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    own_bench.vault.life.hold(recording, "case-1")
    [sealed] = own_bench.vault.path.rglob(f"{recording}.*")
    before = sealed.read_bytes()
    assert "?done=held" in flag(own_bench, 1.0, 1.3)
    client = own_bench.signed_in(ROLE)
    heard = samples_in(client.get(path_of(own_bench, "/audio")).content)
    assert not heard[8000:10_400, 1].any()
    assert np.array_equal(heard[:, 0], call(LENGTH, seed=0)[:, 0])
    part = client.get(path_of(own_bench, "/audio"), headers={"range": "bytes=36044-36047"})
    assert part.content == heard[9000].tobytes()
    peaks = np.frombuffer(client.get(path_of(own_bench, "/waveform")).content, np.uint8)
    assert not peaks.reshape(2, -1)[1, 100:130].any()
    page = client.get(path_of(own_bench)).text
    assert "seventeen" not in page
    # The sealed recording is as it was: that is what a hold is.
    assert sealed.read_bytes() == before
    # Released, it is muted for good, and the desk knows.
    own_bench.vault.life.release(recording)
    assert own_bench.vault.mute_waiting(recording) == 1
    assert not samples_in(client.get(path_of(own_bench, "/audio")).content)[8040:10_360, 1].any()
    assert "missed, muted" in client.get("/cases").text


def test_what_could_not_be_sealed_anew_is_silent_at_the_desk(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    review = own_bench.app.state.desk.review
    client = own_bench.signed_in(ROLE)
    client.get(path_of(own_bench))
    # Nothing can be written there now, whoever asks.
    folder = own_bench.vault.path / "recordings"
    (folder / "muting.lock").unlink(missing_ok=True)
    (folder / "muting.lock").mkdir()
    form = {"kind": "miss", "channel": "1", "entity": "CVV", "start": "1.0", "end": "1.3"}
    answer = client.post(path_of(own_bench, "/flags"), data=form)
    assert answer.status_code == 503
    assert str(own_bench.vault.path) not in answer.text
    assert [one.state for one in review.flags(recording)] == [FlagState.BEGUN]
    assert review.silent(recording) == [(1, Span(8000, 10_400))]
    heard = samples_in(client.get(path_of(own_bench, "/audio")).content)
    assert not heard[8000:10_400, 1].any()


def test_an_overmute_is_noted_and_changes_nothing(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    before = own_bench.vault.read(recording)
    assert "?done=overmute" in flag(own_bench, 0.5, 0.75, kind="overmute")
    assert np.array_equal(own_bench.vault.read(recording).samples, before.samples)
    page = own_bench.signed_in(ROLE).get(path_of(own_bench, "?done=overmute")).text
    assert "nothing can bring it back" in page
    assert "muted wrongly" in page


def test_a_session_that_is_ended_hears_no_further(own_bench: Bench) -> None:
    client, app = own_bench.signed_in(ROLE), own_bench.app
    token = client.cookies["__Host-hushtap"]
    session = app.state.sessions.find(token)
    playback = app.state.desk.listen(session, own_bench.calls["ann", "billing"])
    cookie = f"__Host-hushtap={token}".encode()
    given = {"type": "http", "app": app, "state": {"session": session}}
    request = Request(given | {"headers": [(b"cookie", cookie)]})

    def pieces(*, end_it: bool) -> list[int]:
        """Bytes of each piece of an answer that is under way as the session ends."""
        sounding = stream(request, playback, wav_header(playback), 0, 44 + 4 * LENGTH)
        found = [len(next(sounding)), len(next(sounding))]
        if end_it:
            app.state.sessions.end(session.id)
        return [*found, *(len(piece) for piece in sounding)]

    assert pieces(end_it=False) == [44, 4 * 8000, 4 * 8000]
    assert pieces(end_it=True) == [44, 4 * 8000]
    assert client.get(path_of(own_bench, "/audio")).status_code == 401


def test_what_waits_to_be_muted_is_masked_however_much_was_flagged_since(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    review, span = own_bench.app.state.desk.review, Span(8000, 10_400)
    for number, kind in enumerate([FlagKind.MISS] + [FlagKind.OVERMUTE] * 200):
        at = span if number == 0 else Span(10, 20)
        review.flag(recording, kind, channel=1, span=at, entity=Entity.CVV, account="ann")
    page = own_bench.signed_in(ROLE).get(path_of(own_bench)).text
    assert ("marmalade" in page, "seventeen" in page) == (True, False)


def test_nothing_is_shown_of_a_file_that_was_muted_meanwhile(own_bench: Bench) -> None:
    desk, recording = own_bench.app.state.desk, own_bench.calls["ann", "billing"]
    client = own_bench.signed_in(ROLE)
    session = own_bench.app.state.sessions.find(client.cookies["__Host-hushtap"])
    playback = desk.open(session, recording)
    assert desk.waiting(playback) == []
    flag(own_bench, 1.0, 1.3)
    # No flag waits any more; what was taken from this file before is not to be given out.
    assert review_states(own_bench) == [FlagState.MUTED]
    with pytest.raises(VaultError):
        desk.waiting(playback)


def review_states(bench: Bench) -> list[FlagState]:
    return [one.state for one in bench.app.state.desk.review.flags()]
