"""A flagged miss becomes a case: its pattern; its sound only where the rules allow, sealed."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from hushtap.cli.commands import app
from hushtap.errors import UsageError, VaultError, VerificationError
from hushtap.values import Entity
from hushtap.vault.keymaking import NewKey
from hushtap.vault.keys import PrivateKey, Unprotected, load_private
from hushtap.web.app import make_app
from hushtap.web.cases import TuningCase, TuningCases, unsealed
from hushtap.web.roles import Role
from hushtap.web.rules import CaseRules, Rules
from hushtap.web.upkeep import upkeep
from vault.calls import call
from web.bench import LENGTH, Bench, make_bench
from web.test_governing import CALLER, of_caller, somebody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MISS = {"kind": "miss", "channel": "0", "entity": "CVV", "start": "0.5", "end": "1.0"}
DAY = 24 * 3600


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[tuple[Bench, PrivateKey]]:
    """A desk that keeps sounds for three days, and the key that opens them."""
    made = make_bench(tmp_path)
    place = tmp_path / "safe.key"
    key = NewKey(place, Unprotected(), None, "cases")
    TuningCases(made.database).make_key(made.vault, key)
    rules = Rules(cases=CaseRules(sounds=True, days=3))
    made.app = make_app(made.vault, made.database, clock=made.clock, rules=rules)
    yield made, load_private(place, None)
    made.database.close()


def flag(bench: Bench, **other: str) -> str:
    recording = bench.calls["ann", "billing"]
    answer = bench.signed_in(Role.SUPERVISOR).post(f"/calls/{recording}/flags", data=MISS | other)
    assert answer.status_code == 303
    return recording


def test_a_miss_is_a_case_without_sound_by_default(own_bench: Bench) -> None:
    recording = flag(own_bench)
    [case] = own_bench.app.state.cases.all()
    assert (case.recording, case.pattern.entity, case.pattern.side) == (recording, Entity.CVV, 0)
    assert (case.sound, case.wrapped, case.until) == (None, None, None)
    assert "case 1 to tune by" in own_bench.signed_in(Role.SUPERVISOR).get("/cases").text


def test_a_mute_that_was_wrong_is_no_case(own_bench: Bench) -> None:
    flag(own_bench, kind="overmute")
    assert own_bench.app.state.cases.all() == []


def test_sound_is_kept_sealed_to_a_key_that_the_desk_has_not(
    keeping: tuple[Bench, PrivateKey],
) -> None:
    bench, private = keeping
    flag(bench)
    [case] = bench.app.state.cases.all()
    samples, truth = unsealed(case, private)
    whole = call(LENGTH, seed=0)
    assert np.array_equal(samples, whole)
    [span] = truth["spans"]
    assert (span["start"], span["end"], span["channel"]) == (0.5, 1.0, 0)
    stored = b"".join(path.read_bytes() for path in bench.database.folder.glob("desk.db*"))
    assert whole[4000:4400].tobytes() not in stored
    assert case.wrapped is not None
    assert case.wrapped in stored
    with pytest.raises(VerificationError):
        unsealed(case, PrivateKey.generate())
    # What is muted for good in the recording is only there.
    assert not bench.vault.read(case.recording).samples[4050:7950, 0].any()


def test_what_else_was_missed_there_is_not_in_the_sound(
    keeping: tuple[Bench, PrivateKey],
) -> None:
    bench, private = keeping
    bench.vault.life.hold(bench.calls["ann", "billing"], "case-1")
    flag(bench)
    flag(bench, start="1.2", end="1.5", entity="PIN")
    first, second = bench.app.state.cases.all()
    assert unsealed(first, private)[0][9600:12000, 0].any()
    heard = unsealed(second, private)[0]
    assert heard[9600:11900, 0].any()
    assert not heard[4000:8000, 0].any()


def test_a_sound_ends_with_its_term_and_with_its_recording(
    keeping: tuple[Bench, PrivateKey],
) -> None:
    bench, _ = keeping
    cases = bench.app.state.cases
    recording = flag(bench)
    [case] = cases.all()
    assert case.sound is not None
    assert cases.purge(bench.vault) == 0
    bench.clock.now += 3 * DAY
    assert cases.purge(bench.vault) == 1
    [left] = cases.all()
    assert (left.sound, left.wrapped, left.pattern) == (None, None, case.pattern)
    stored = b"".join(path.read_bytes() for path in bench.database.folder.glob("desk.db*"))
    assert case.sound[:64] not in stored
    assert case.wrapped is not None
    assert case.wrapped[:64] not in stored
    flag(bench, start="1.6", end="1.8")
    bench.vault.life.dispose(recording, "case-2")
    assert cases.purge(bench.vault) == 1


def stored(bench: Bench) -> bytes:
    """What lies in the desk's database and its log of changes."""
    return b"".join(path.read_bytes() for path in bench.database.folder.glob("desk.db*"))


def kept(case: TuningCase) -> tuple[bytes, bytes]:
    assert case.sound is not None
    assert case.wrapped is not None
    return case.sound[:64], case.wrapped


def test_the_sound_goes_with_the_erasure_of_its_caller(
    keeping: tuple[Bench, PrivateKey],
) -> None:
    bench, _ = keeping
    recording = of_caller(bench)
    miss = bench.signed_in(Role.SUPERVISOR).post(f"/calls/{recording}/flags", data=MISS)
    assert miss.status_code == 303
    [case] = bench.app.state.cases.all()
    first, second = (
        bench.signed_in(Role.PRIVACY_OFFICER),
        somebody(bench, "olga", Role.PRIVACY_OFFICER),
    )
    page = first.post("/callers", data={"caller": CALLER}).text
    sealed = page.split('name="sealed" value="')[1].split('"')[0]
    first.post("/callers/erasure", data={"sealed": sealed, "reason": "request-31"})
    assert second.post("/disposals/1/agree").status_code == 303
    assert [one.sound for one in bench.app.state.cases.all()] == [None]
    assert not any(one in stored(bench) for one in kept(case))


def test_an_open_desk_destroys_sounds_by_itself(keeping: tuple[Bench, PrivateKey]) -> None:
    bench, _ = keeping
    recording, state = flag(bench), bench.app.state
    [case] = state.cases.all()
    bench.vault.life.dispose(recording, "case-2")
    pause = threading.Event()
    periodic = upkeep(bench.vault, state.cases, state.disposals, every=0.01)
    periodic.start()
    for _ in range(1000):
        if [one.sound for one in state.cases.all()] == [None]:
            break
        pause.wait(0.02)
    # The look that it is at is finished.
    periodic.stop()
    assert not any(one in stored(bench) for one in kept(case))


def test_what_is_forgotten_is_gone_from_the_log_of_changes(
    keeping: tuple[Bench, PrivateKey],
) -> None:
    bench, _ = keeping
    flag(bench)
    [case] = bench.app.state.cases.all()
    vault = ["--vault", str(bench.vault.path)]
    assert CliRunner().invoke(app, ["cases", "forget", "1", *vault]).exit_code == 0
    assert not any(one in stored(bench) for one in kept(case))


def test_what_a_reader_keeps_from_being_destroyed_is_owed(
    keeping: tuple[Bench, PrivateKey],
) -> None:
    bench, _ = keeping
    cases = bench.app.state.cases
    flag(bench)
    [case] = cases.all()
    bench.clock.now += 3 * DAY
    vault = ["--vault", str(bench.vault.path)]
    with bench.database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM cases").all()
        assert cases.purge(bench.vault) == 1
        assert cases.owed
        told = CliRunner().invoke(app, ["cases", "forget", "--due", *vault])
        assert isinstance(told.exception, VaultError)
    assert kept(case)[0] in stored(bench)
    assert cases.purge(bench.vault) == 0
    assert not cases.owed
    assert not any(one in stored(bench) for one in kept(case))


def test_what_is_too_long_for_a_number_is_muted_and_not_read(
    keeping: tuple[Bench, PrivateKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hushtap.web.cases.LONGEST_S", 0.4)
    bench, _ = keeping
    recording = flag(bench)
    assert bench.app.state.cases.all() == []
    assert not bench.vault.read(recording).samples[4050:7950, 0].any()


def test_a_case_is_kept_only_once_its_miss_is_muted(own_bench: Bench) -> None:
    state, seen = own_bench.app.state, []
    learn = state.desk._learn

    def learning(*given: object) -> Callable[[], object]:
        keep, recording = learn(*given), own_bench.calls["ann", "billing"]

        def keeping() -> object:
            seen.append(own_bench.vault.read(recording).samples[4050:7950, 0].any())
            return keep()

        return keeping

    state.desk._learn = learning
    flag(own_bench)
    assert seen == [False]
    assert len(state.cases.all()) == 1


def test_no_sound_without_a_key(own_bench: Bench) -> None:
    rules = Rules(cases=CaseRules(sounds=True))
    with pytest.raises(UsageError, match="hushtap cases init"):
        make_app(own_bench.vault, own_bench.database, rules=rules)


def test_nothing_that_goes_wrong_with_a_case_keeps_a_miss_from_being_muted(
    own_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learn(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(own_bench.app.state.desk, "_learn", learn)
    recording = flag(own_bench)
    assert not own_bench.vault.read(recording).samples[4050:7950, 0].any()


def test_muting_does_not_wait_for_what_could_be_learned(own_bench: Bench) -> None:
    # Nothing can be stored of the case any more.
    with own_bench.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE cases")
    recording = flag(own_bench)
    assert not own_bench.vault.read(recording).samples[4050:7950, 0].any()
    with pytest.raises(VaultError):
        own_bench.app.state.cases.all()


def test_the_commands_list_make_the_key_and_forget(own_bench: Bench, tmp_path: Path) -> None:
    flag(own_bench)
    vault = ["--vault", str(own_bench.vault.path)]
    run = CliRunner().invoke
    told = run(app, ["cases", "list", "--json", *vault])
    [line] = told.stdout.splitlines()
    assert {"id": 1, "entity": "CVV", "side": 0}.items() <= json.loads(line).items()
    key = str(tmp_path / "cases.key")
    inside = str(own_bench.database.folder / "cases.key")
    told = run(app, ["cases", "init", "--key", inside, "--unprotected", *vault])
    assert isinstance(told.exception, UsageError)
    assert not own_bench.app.state.cases.can_seal
    made = run(app, ["cases", "init", "--key", key, "--unprotected", *vault])
    assert (made.exit_code, len(made.stdout.strip())) == (0, 16)
    assert run(app, ["cases", "init", "--key", key, "--unprotected", *vault]).exit_code != 0
    assert run(app, ["cases", "forget", *vault]).exit_code != 0
    assert "case 1 is forgotten" in run(app, ["cases", "forget", "1", *vault]).stdout
    assert run(app, ["cases", "list", "--json", *vault]).stdout == ""
    assert run(app, ["cases", "forget", "1", *vault]).exit_code != 0


def test_there_is_nothing_to_tune_by_without_a_case(own_bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "ours.toml"
    run = CliRunner().invoke
    told = run(app, ["tune", str(out), "--vault", str(own_bench.vault.path)])
    assert isinstance(told.exception, UsageError)
    assert "flag what was missed" in str(told.exception)
    assert not out.exists()
