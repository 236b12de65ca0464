"""Who was in reach: compared with what was done, of 1 000 recordings."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from hushtap.errors import UsageError, VaultError, VerificationError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.audit.events import Activity, Actor, Event, Kind, Outcome, Thing
from hushtap.vault.exposure import Affected, How, Scope, affected
from hushtap.vault.recordings import CallDetails, Vault
from hushtap.vault.schema import recordings
from vault.audit.logs import tamper
from vault.calls import PHONE_LINE, append_all, call
from vault.lives import day
from vault.lives import record as record_with
from vault.rotations import main_key, many, record, rotate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN = Actor("ann", "analyst", "10.0.0.1")
BOB = Actor("bob", "analyst", "10.0.0.2")
EVE = Actor("eve", "analyst", "10.0.0.3")
ALL = (ANN, BOB, EVE)
HOW = {Activity.READ: How.READ, Activity.EXPORT: How.EXPORTED}


def find(vault: Vault, **scope: object) -> Affected:
    return affected(vault._catalog, vault._log.path, Scope(**scope))  # type: ignore[arg-type]


def ways(found: Affected) -> dict[str, set[str]]:
    return {one.recording_id: {str(how) for how in one.how} for one in found.recordings}


@dataclass
class Drill:
    """A vault of 1 000 recordings, and what three people did in three phases."""

    vault: Vault
    callers: dict[str, str | None]
    edges: list[datetime] = field(default_factory=list)
    done: list[tuple[int, Actor, str, How]] = field(default_factory=list)

    def those(self, *actors: Actor, phases: tuple[int, ...] = (0, 1, 2)) -> dict[str, set[str]]:
        """Return what must be found: from what was done."""
        truth: dict[str, set[str]] = {}
        for phase, actor, recording, how in self.done:
            if phase in phases and actor in actors:
                truth.setdefault(recording, set()).add(how)
        return truth


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    chance = random.Random(4)  # noqa: S311 - a drill
    vault = Vault.create(tmp_path_factory.mktemp("drill") / "vault")
    ids = list(many(vault, 1000))
    callers = {
        one: f"{chance.randrange(200):032x}" if at % 5 else None for at, one in enumerate(ids)
    }
    with vault._catalog.database.writing() as connection:
        for one, caller in callers.items():
            this = recordings.c.id == one
            connection.execute(update(recordings).where(this).values(caller=caller))
    made = Drill(vault, callers)
    for phase in range(3):
        made.edges.append(datetime.now(UTC))
        for _ in range(40):
            actor, recording = chance.choice(ALL), chance.choice(ids)
            activity = chance.choice([Activity.READ, Activity.EXPORT])
            outcome = chance.choice([Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE, None])
            things = (Thing(Kind.RECORDING, recording),)
            begun = vault._log.append(Event(activity, Outcome.BEGUN, actor, things))
            if outcome is not None:
                vault._log.append(Event(activity, outcome, actor, things, of=begun))
            how = How.TRIED if outcome is Outcome.FAILURE else HOW[activity]
            made.done.append((phase, actor, recording, how))
    made.edges.append(datetime.now(UTC))
    yield made
    vault._log.close()


@pytest.mark.parametrize("phases", [(0, 1, 2), (0,), (1,), (2,), (0, 1), (1, 2)])
@pytest.mark.parametrize("actors", [(ANN,), (ANN, EVE), ALL])
def test_what_accounts_had_in_reach_is_what_they_did(
    drill: Drill, actors: tuple[Actor, ...], phases: tuple[int, ...]
) -> None:
    window = {"since": drill.edges[phases[0]], "until": drill.edges[phases[-1] + 1]}
    truth = drill.those(*actors, phases=phases)
    assert len(truth) > 8
    by_account = find(drill.vault, accounts=tuple(actor.user for actor in actors), **window)
    by_address = find(drill.vault, hosts=tuple(actor.origin for actor in actors), **window)
    assert ways(by_account) == ways(by_address) == truth
    known = {drill.callers[one] for one in truth} - {None}
    assert by_account.callers == len(known)
    assert by_account.without_caller == sum(drill.callers[one] is None for one in truth)
    if actors == ALL:
        assert ways(find(drill.vault, **window)) == truth


def test_the_whole_key_is_the_whole_vault(drill: Drill) -> None:
    [key] = drill.vault.keyring.list()
    found = find(drill.vault, keys=(key.key_id,))
    assert ways(found) == {one: {"key"} for one in drill.callers}
    both = find(drill.vault, keys=(key.key_id,), accounts=("ann",))
    assert {one for one, how in ways(both).items() if how != {"key"}} == set(drill.those(ANN))


def test_nobody_else_did_anything(drill: Drill) -> None:
    assert find(drill.vault, accounts=("mallory",)).recordings == ()
    early = drill.edges[0] - timedelta(hours=1)
    assert find(drill.vault, accounts=("ann",), until=early).recordings == ()
    assert find(drill.vault, accounts=("ann",), since=drill.edges[3]).recordings == ()


# --- real acts


def test_reading_exporting_and_recording_are_told_apart(vault: Vault, tmp_path: Path) -> None:
    ann = vault.acting_as(ANN)
    first, second, third = record(vault), record(ann), record(vault)
    ann.read(first)
    ann.export(first, tmp_path / "out.wav")
    vault.acting_as(BOB).read(third)
    (vault.path / "recordings" / f"{third}.hush").unlink()
    with pytest.raises(VaultError):
        ann.read(third)
    found = find(vault, accounts=("ann",))
    assert ways(found) == {first: {"read", "exported"}, second: {"recorded"}, third: {"tried"}}
    [key] = vault.keyring.list()
    assert found.keys_used == (key.key_id,)


def test_what_was_heard_or_muted_was_in_reach(vault: Vault) -> None:
    heard, muted, neither = record(vault), record(vault), record(vault)
    ann = vault.acting_as(ANN)
    ann.playback(heard)
    since = datetime.now(UTC)
    assert ways(find(vault, accounts=("ann",), since=since)) == {}
    ann.journal.note(Activity.LISTEN, Outcome.SUCCESS, Thing(Kind.RECORDING, heard))
    ann.mute(muted, 0, Span(0, 300), Entity.CVV)
    vault.acting_as(BOB).journal.note(
        Activity.LISTEN, Outcome.SUCCESS, Thing(Kind.RECORDING, neither)
    )
    now = {heard: {"read"}, muted: {"read"}}
    assert ways(find(vault, accounts=("ann",), since=since)) == now
    assert ways(find(vault, accounts=("ann",), since=datetime.now(UTC))) == {}


def test_a_call_that_goes_on_or_began_before_counts(vault: Vault) -> None:
    ann = vault.acting_as(ANN)
    over = record(ann)
    going = ann.record(PHONE_LINE, source="line", policy="abc")
    since = datetime.now(UTC)
    later = ann.record(PHONE_LINE, source="line", policy="abc")
    assert set(ways(find(vault, accounts=("ann",), since=since))) == {going.id, later.id}
    append_all(going, call(100))
    going.close()
    assert set(ways(find(vault, accounts=("ann",), since=since))) == {going.id, later.id}
    assert set(ways(find(vault, accounts=("ann",), until=since))) == {going.id, over}
    later.abort()


def test_a_check_of_the_vault_opened_what_was_there(vault: Vault) -> None:
    before, gone = record(vault), record(vault)
    broken = record(vault)
    (vault.path / "recordings" / f"{broken}.hush").write_bytes(b"damaged")
    vault.life.dispose(gone)
    # Ids have whole seconds: what follows must lie in a later one.
    vault.acting_as(ANN).verify()
    after = record_with(vault, started=datetime.now(UTC) + timedelta(hours=1))
    found = ways(find(vault, accounts=("ann",)))
    assert found == {before: {"verified"}, broken: {"verified"}}
    assert after not in found


def test_a_lost_key_opens_what_it_was_sealed_to_when_it_was_lost(vault: Vault) -> None:
    old_one = record_with(vault, CallDetails(caller="+1 202 555 0143"), started=day(1))
    gone = record_with(vault, started=day(2))
    old = main_key(vault)
    disposed = vault.life.dispose(gone)
    since = datetime.now(UTC)
    rotate(vault, old)
    new = main_key(vault)
    after = record_with(vault, started=datetime.now(UTC) + timedelta(hours=1))
    # Its rows went with the rotation; a copy of the catalog from before has them.
    old_id = old.public.key_id
    assert set(ways(find(vault, keys=(old_id,)))) == {old_one, gone}
    assert set(ways(find(vault, keys=(old_id,), since=since))) == {old_one}
    assert set(ways(find(vault, keys=(old_id,), until=day(1, 10)))) == {old_one}
    assert set(ways(find(vault, keys=(new.public.key_id,)))) == {old_one, after}
    assert set(ways(find(vault, keys=(new.public.key_id,), until=day(1, 10)))) == {old_one}
    found = find(vault, keys=(old_id,))
    # Whose a disposed recording was is forgotten.
    assert (found.callers, found.without_caller, disposed.keys) == (1, 1, 1)


def test_a_disposed_recording_counts_for_the_key_its_disposal_names(vault: Vault) -> None:
    gone = record(vault)
    vault.life.dispose(gone)
    [key] = vault.keyring.list()
    assert set(ways(find(vault, keys=(key.key_id,)))) == {gone}


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"until": day(1)},
        {"accounts": ("ann smith",)},
        {"since": day(2), "until": day(1)},
    ],
)
def test_a_scope_that_would_mislead_is_refused(scope: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Scope(**scope)  # type: ignore[arg-type]


def test_a_key_the_vault_never_had_is_a_mistake_and_not_an_empty_list(vault: Vault) -> None:
    record(vault)
    with pytest.raises(UsageError, match="never had it"):
        find(vault, keys=("0000000000000000",))


def test_nothing_is_concluded_from_a_damaged_log(vault: Vault) -> None:
    record(vault)
    vault._log.close()
    tamper(vault.path, "UPDATE entries SET entry = x'7b7d' WHERE number = 2")
    with pytest.raises(VerificationError, match="entry 2 is damaged"):
        find(vault, accounts=("ann",))


@pytest.mark.parametrize("what", ["accounts", "hosts"])
def test_a_card_number_is_no_name(what: str) -> None:
    with pytest.raises(UsageError, match="looks like"):
        Scope(**{what: ("4539148803436467",)})  # type: ignore[arg-type]
    Scope(hosts=("192.168.100.200", "255.255.255.255", "10.0.0.1", "ipv6/2001:db8:1111:2222::4444"))
