"""The register of breaches: what it says, and that nobody changes it unseen."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import UsageError, VaultError, VerificationError
from hushtap.vault import statements
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_verifier
from hushtap.vault.breaches import LONGEST, Answers
from hushtap.vault.exposure import Scope
from hushtap.vault.recordings import CallDetails, Vault
from test_cli_keys import Hushtap, hushtap
from vault.audit.logs import check, entries_of
from vault.lives import record
from vault.rotations import many

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hushtap"]

NATURE = Answers("an account was taken over")
REST = {"contact": "dpo@example.org", "consequences": "calls may be heard", "measures": "locked"}


def scope_of(vault: Vault) -> Scope:
    return Scope(accounts=(vault._journal.actor.user,))


def test_a_breach_goes_from_its_entry_to_its_end(vault: Vault) -> None:
    callers = [f"+1 202 555 010{at % 2}" for at in range(3)]
    mine = sorted(record(vault, CallDetails(caller=caller)) for caller in callers)
    register = vault.life.breaches
    aware = datetime(2026, 11, 1, 9, tzinfo=UTC)
    breach = register.open(scope_of(vault), NATURE, aware)
    assert breach.id == f"breach-{datetime.now(UTC).year}-001"
    assert (breach.recordings, breach.callers, breach.without_caller) == (3, 2, 0)
    assert breach.due == aware + timedelta(hours=72)
    assert breach.missing == ("contact", "consequences", "measures", "notified")
    assert list(breach.named) == mine
    with pytest.raises(VaultError, match="contact, consequences, measures, notified"):
        register.close(breach.id)
    register.amend(breach.id, **REST)
    # 75 hours are late, and late wants a reason.
    late = "2026-11-04T12:00:00+00:00"
    assert register.amend(breach.id, notified=late).missing == ("delay",)
    with pytest.raises(VaultError, match="delay"):
        register.close(breach.id)
    register.amend(breach.id, delay="the log was read first")
    closed = register.close(breach.id)
    assert (closed.state, closed.revision, closed.missing) == ("closed", 5, ())
    again = Vault.open(vault.path).life.breaches
    assert again.all() == [closed]
    assert again.get(breach.id) == closed
    with pytest.raises(VaultError, match="is closed"):
        register.amend(breach.id, measures="more")
    assert register.open(scope_of(vault), NATURE).id.endswith("-002")
    # What was in reach does not change with what becomes of it later.
    vault.life.dispose(mine[0])
    lines = [json.loads(line) for line in again.lines(closed).splitlines()]
    assert [line["recording"] for line in lines] == mine
    assert len({line["caller"] for line in lines} - {None}) == 2


def test_each_statement_is_signed_and_on_record_before_it_is_written(vault: Vault) -> None:
    record(vault)
    breach = vault.life.breaches.open(scope_of(vault), NATURE)
    vault.life.breaches.amend(breach.id, **REST)
    verifier = load_verifier(vault.path / "keys" / VKEY_NAME)
    for number in (1, 2):
        text = (vault.path / "breaches" / breach.id / f"{number:03}.txt").read_text()
        about, body = statements.read(text, verifier)
        assert (about, body["id"], body["revision"]) == ("hushtap/breach/1", breach.id, number)
        assert body["answers"]["nature"] == NATURE.nature
    entries = [json.loads(entry) for entry in entries_of(vault.path)]
    told = [entry for entry in entries if entry["activity"] == "breach"]
    assert [entry["outcome"] for entry in told] == ["begun", "success"] * 2
    assert [entry["change"] for entry in told] == ["open", "open", "amend", "amend"]
    # The answers are prose: nothing of them is in the log.
    assert "taken over" not in json.dumps(told)
    assert check(vault.path).problems == []


@pytest.mark.parametrize("what", ["changed", "deleted", "resigned", "emptied", "list"])
def test_a_register_that_was_changed_is_found(vault: Vault, what: str) -> None:
    record(vault)
    register = vault.life.breaches
    breach = register.open(scope_of(vault), NATURE)
    register.amend(breach.id, **REST)
    folder = vault.path / "breaches" / breach.id
    first = folder / "001.txt"
    if what == "changed":
        first.write_text(first.read_text().replace('"recordings":1', '"recordings":0'))
    elif what == "deleted":
        (folder / "002.txt").unlink()
    elif what == "resigned":
        body = breach.as_json() | {"recordings": 0}
        first.write_text(statements.sign(vault._log, statements.About.BREACH, body))
    elif what == "emptied":
        shutil.rmtree(folder)
    else:
        (folder / "affected.jsonl").write_text("")
        with pytest.raises(VerificationError, match="not what was entered"):
            register.lines(register.get(breach.id))
        return
    for look in (register.all, lambda: register.get(breach.id)):
        with pytest.raises(VerificationError, match=r"entered|tells of it"):
            look()


def test_without_the_signing_key_or_the_log_nothing_is_entered(
    vault: Vault, tmp_path: Path
) -> None:
    record(vault)
    (vault.path / "keys" / KEY_NAME).rename(tmp_path / KEY_NAME)
    with pytest.raises(VaultError):
        Vault.open(vault.path).life.breaches.open(scope_of(vault), NATURE)
    assert not (vault.path / "breaches").exists()
    register = Vault.open(vault.path, audit_key=tmp_path / KEY_NAME).life.breaches
    assert register.open(scope_of(vault), NATURE).recordings == 1


def test_what_a_killed_process_left_is_no_statement(vault: Vault) -> None:
    record(vault)
    register = vault.life.breaches
    breach = register.open(scope_of(vault), NATURE)
    # Killed between the file and the end of its act.
    (vault.path / "breaches" / breach.id / "002.txt").write_text("half a state")
    assert register.all() == [breach]
    assert register.amend(breach.id, **REST).revision == 2
    assert register.get(breach.id).answers.measures == "locked"


def test_a_thousand_recordings_stay_one_readable_statement(vault: Vault) -> None:
    ids = list(many(vault, 1000))
    [key] = vault.keyring.list()
    answers = Answers(*["ß" * LONGEST] * 5)
    breach = vault.life.breaches.open(Scope(keys=(key.key_id,)), answers)
    assert breach.recordings == 1000
    text = (vault.path / "breaches" / breach.id / "001.txt").read_bytes()
    assert len(text) < 64 * 1024
    assert vault.life.breaches.get(breach.id) == breach
    lines = vault.life.breaches.lines(breach).splitlines()
    assert [json.loads(line)["recording"] for line in lines] == ids


@pytest.mark.parametrize("said", ["", " ", "x" * (LONGEST + 1), "card 4111 1111 1111 1111"])
def test_answers_are_short_and_hold_no_number(said: str) -> None:
    with pytest.raises(UsageError) as refused:
        Answers(said)
    assert "4111" not in str(refused.value)


@pytest.mark.parametrize("when", ["noon", "2026-11-04", "2026-11-04T12:00:00"])
def test_a_notice_has_a_time_with_its_zone(when: str) -> None:
    with pytest.raises(UsageError, match="notified"):
        Answers(notified=when)


def test_the_command_leads_the_register(hushtap: Hushtap, tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "v")
    mine = record(vault, CallDetails(caller="+1 202 555 0143"))
    user = vault._journal.actor.user
    code, out, _ = hushtap("vault", "breach", "affected", "--account", user)
    assert code == 0
    assert out == f"{mine}  recorded  {vault.info(mine).caller}\n"
    assert hushtap("vault", "breach", "affected", "--account", "eve")[1] == "no recordings\n"
    words = ("--account", user, "--since", "2026-01-01", "--nature", "taken over")
    more = ("--aware", "2026-11-01", "--json")
    code, out, err = hushtap("vault", "breach", "open", *words, *more)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["recordings"], told["due"]) == (1, "2026-11-04T00:00:00Z")
    identity = told["id"]
    assert hushtap("vault", "breach", "close", identity, "--no-notice", "no risk")[0] == 1
    rest = [word for name, said in REST.items() for word in (f"--{name}", said)]
    assert hushtap("vault", "breach", "amend", identity, *rest)[0] == 0
    assert hushtap("vault", "breach", "amend", identity)[0] == 2
    code, out, _ = hushtap("vault", "breach", "show", identity)
    assert "(d) locked" in out
    assert hushtap("vault", "breach", "close", identity)[0] == 0
    code, out, _ = hushtap("vault", "breach", "list", "--json")
    assert json.loads(out)["state"] == "closed"
    assert json.loads(out)["answers"]["no_notice"] == "no risk"
    code, out, _ = hushtap("vault", "breach", "affected", identity, "--out", "a.jsonl")
    assert (code, out) == (0, "a.jsonl: 1 recordings\n")
    assert json.loads((tmp_path / "a.jsonl").read_text())["recording"] == mine
    code, out, _ = hushtap(
        "vault", "certificate", "verify", f"v/breaches/{identity}/001.txt", "--json"
    )
    assert (code, json.loads(out)["about"]) == (0, "hushtap/breach/1")
    code, _, err = hushtap("vault", "breach", "affected")
    assert (code, "name an account, a host or a key" in err) == (2, True)
