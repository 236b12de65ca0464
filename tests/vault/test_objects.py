"""Sealed files in a real object store: there when a call has ended, whatever becomes of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.errors import ConsentError, UsageError, VaultError, VerificationError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.location import SETTINGS, objects_place, set_objects
from hushtap.vault.objects import PART, Objects, checked
from hushtap.vault.recordings import Consent, State, Vault
from vault.audit.logs import entries_of
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call, go_on
from vault.object_server import BUCKET, Line, ObjectServer

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDER = Path(__file__).with_name("recorder_process.py")
LENGTH = 20_000
LONG = PART // 2
"""Samples of a call in two channels that fill two parts, but for what seals them."""


@dataclass
class Store:
    """A vault, the store that its files go to, and the line to it."""

    vault: Vault
    server: ObjectServer
    prefix: str
    line: Line

    @property
    def objects(self) -> dict[str, bytes]:
        return self.server.content(self.prefix)

    @property
    def here(self) -> list[str]:
        """The sealed files in the folder."""
        return sorted(path.name for path in (self.vault.path / "recordings").glob("*.hush"))

    @property
    def parts_sent(self) -> int:
        """Parts of objects that are not there yet."""
        client = self.server.client
        begun = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return sum(
            len(
                client.list_parts(Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"]).get(
                    "Parts", []
                )
            )
            for one in begun
            if one["Key"].startswith(f"{self.prefix}/")
        )


@pytest.fixture
def server(object_server: ObjectServer) -> ObjectServer:
    return object_server


@pytest.fixture
def store(server: ObjectServer, tmp_path: Path) -> Iterator[Store]:
    with Line(server.port) as line:
        prefix = server.new_prefix()
        set_objects(tmp_path / "vault", server.url(prefix, line.port))
        yield Store(Vault.create(tmp_path / "vault"), server, prefix, line)


def record(vault: Vault, samples: int = LENGTH) -> str:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        recording.add_words(WORDS)
        append_all(recording, call(samples), 4000)
        recording.add_findings(FINDINGS)
    vault.drain()
    return recording.id


def test_a_recording_leaves_the_folder_once_the_store_has_it(store: Store) -> None:
    recording = record(store.vault)
    assert [*store.objects] == [f"{recording}.hush"]
    assert store.here == []
    assert store.vault.waiting() == []
    again = Vault.open(store.vault.path)
    assert np.array_equal(again.read(recording).samples, call(LENGTH))
    assert [result.ok for result in again.verify()] == [True]
    assert [result.ok for result in again.verify(quick=True)] == [True]
    assert again.life.report().ok


def test_its_parts_go_while_the_call_runs(store: Store) -> None:
    audio = call(LONG)
    with store.vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, audio[: LONG * 3 // 4], 4000)
        # A part is on its way for as long as it takes: the test's time limit ends this.
        while store.parts_sent < 1:
            threading.Event().wait(0.02)
        assert store.objects == {}
        go_on(recording, audio, LONG * 3 // 4, 4000)
    store.vault.drain()
    assert (store.parts_sent, store.here) == (0, [])
    head = store.server.client.head_object(Bucket=BUCKET, Key=f"{store.prefix}/{recording.id}.hush")
    assert head["ETag"].endswith('-3"')
    assert np.array_equal(store.vault.read(recording.id).samples, audio)


def test_a_listener_fetches_what_is_played(store: Store) -> None:
    recording = record(store.vault)
    playback = store.vault.playback(recording)
    for start, end in ((0, 1), (3999, 4001), (7000, 15_000), (LENGTH - 1, LENGTH), (5, 5)):
        assert np.array_equal(playback.read(start, end), call(LENGTH)[start:end])
    version = playback.version
    store.vault.mute(recording, 1, Span(4000, 12_000), Entity.CVV)
    assert not playback.current
    with pytest.raises(VaultError, match="changed or is gone"):
        playback.read(0, 10)
    store.vault.drain()
    assert not playback.current
    assert store.vault.playback(recording).version != version


def test_a_store_that_goes_away_in_the_middle_of_a_call_costs_nothing(store: Store) -> None:
    audio = call(LONG)
    with store.vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, audio[: LONG * 3 // 4], 4000)
        store.vault.drain()
        store.line.cut()
        go_on(recording, audio, LONG * 3 // 4, 4000)
    store.vault.drain()
    # The recording is whole and says so; where it lies is said as well.
    assert store.vault.info(recording.id).state is State.CLOSED
    assert store.vault.waiting() == [recording.id]
    assert store.objects == {}
    assert np.array_equal(store.vault.read(recording.id).samples, audio)
    assert [error is not None for _, error in store.vault.upload()] == [True]
    [path] = (store.vault.path / "recordings").glob("*.hush")
    sealed = path.read_bytes()
    store.line.mend()
    again = Vault.open(store.vault.path)
    assert [*again.upload()] == [(recording.id, None)]
    assert (store.objects, store.here) == ({path.name: sealed}, [])
    assert np.array_equal(again.read(recording.id).samples, audio)


def test_what_was_left_goes_with_the_next_recording(store: Store) -> None:
    store.line.cut()
    first = record(store.vault)
    assert store.vault.waiting() == [first]
    store.line.mend()
    second = record(store.vault)
    assert sorted(store.objects) == sorted([f"{first}.hush", f"{second}.hush"])
    assert store.here == []


def test_a_recording_whose_writer_died_goes_there_as_interrupted(store: Store) -> None:
    recording = store.vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(LENGTH), 4000)
    # As a kill leaves it: the lock is gone, and no end was sealed.
    recording._segments.close()
    again = Vault.open(store.vault.path)
    again.drain()
    assert (sorted(store.objects), store.here) == ([f"{recording.id}.hush"], [])
    opened = again.read(recording.id)
    assert opened.info.state is State.INTERRUPTED
    assert np.array_equal(opened.samples, call(LENGTH))


def test_killed_in_the_middle_of_an_upload_it_is_an_exact_beginning(store: Store) -> None:
    command = [sys.executable, str(RECORDER), str(store.vault.path), "--hold"]
    command += ["--samples", str(LONG), "--step", "4000"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as recorder:
        assert recorder.stdout is not None
        recording = recorder.stdout.readline().decode().strip()
        # Its test has a time limit.
        while store.parts_sent < 1:
            threading.Event().wait(0.02)
        recorder.kill()
    assert (store.objects, store.here) == ({}, [f"{recording}.hush"])
    again = Vault.open(store.vault.path)
    assert again.info(recording).state is State.INTERRUPTED
    again.drain()
    [sealed] = store.objects.values()
    # Whole, by an upload of its own; the parts of the other are the bucket's rule to end.
    assert store.here == []
    opened = again.read(recording)
    assert opened.info.state is State.INTERRUPTED
    # All of the part that was sent, at least.
    assert PART // 4 - 8000 < len(opened.samples) <= LONG
    assert np.array_equal(opened.samples, call(LONG)[: len(opened.samples)])
    assert not any(word.text.encode() in sealed for word in WORDS)
    assert [result.ok for result in again.verify()] == [True]
    assert again.life.report().ok


def test_a_mute_takes_the_old_objects_place(store: Store) -> None:
    recording = record(store.vault)
    [before] = store.objects.values()
    store.vault.mute(recording, 1, Span(4000, 12_000), Entity.US_SSN)
    store.vault.drain()
    [after] = store.objects.values()
    assert before != after
    again = Vault.open(store.vault.path)
    assert not again.read(recording).samples[4040:11_960, 1].any()
    assert [result.ok for result in again.verify()] == [True]
    told = [json.loads(entry) for entry in entries_of(store.vault.path)]
    [done] = [one for one in told if (one["activity"], one["outcome"]) == ("mute", "success")]
    digest = hashlib.sha256(after).hexdigest()
    assert {"kind": "object", "id": f"sha256:{digest}"} in done["objects"]


def test_a_mute_while_the_store_is_away_is_what_is_read_and_what_goes_there(store: Store) -> None:
    recording = record(store.vault)
    line, opener = store.line, store.vault
    opened = opener.read(recording)
    assert opened.complete
    line.cut()
    with pytest.raises(VaultError, match="cannot be reached"):
        opener.mute(recording, 1, Span(4000, 12_000), Entity.US_SSN)
    line.mend()
    opener.mute(recording, 1, Span(4000, 12_000), Entity.US_SSN)
    line.cut()
    opener.drain()
    line.mend()
    assert not opener.read(recording).samples[4040:11_960, 1].any()
    assert [error for _, error in opener.upload()] in ([None], [])
    assert store.here == []
    assert not Vault.open(opener.path).read(recording).samples[4040:11_960, 1].any()


def test_a_disposal_destroys_the_keys_then_the_object(store: Store) -> None:
    recording = record(store.vault)
    [sealed] = store.objects.values()
    disposed = store.vault.life.dispose(recording)
    assert disposed.certificate is not None
    assert store.objects == {}
    digest = hashlib.sha256(sealed).hexdigest()
    assert f"sha256:{digest}" in disposed.certificate.read_text()
    assert store.vault.life.report().ok


def test_a_store_that_is_away_puts_no_disposal_off(store: Store) -> None:
    recording = record(store.vault)
    store.line.cut()
    with pytest.raises(VaultError, match="its keys are gone, do it again"):
        store.vault.life.dispose(recording)
    assert store.vault.info(recording).state is State.DISPOSED
    with pytest.raises(VaultError, match="keys were destroyed"):
        store.vault.read(recording)
    assert [*store.objects] == [f"{recording}.hush"]
    store.line.mend()
    report = store.vault.life.report()
    assert (report.ok, report.unfinished) == (False, [recording])
    assert [name for name, _ in Vault.open(store.vault.path).life.finish()] == [recording]
    assert store.objects == {}
    assert store.vault.life.report().ok


def test_a_call_that_is_refused_leaves_nothing_in_the_store(store: Store) -> None:
    recording = store.vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(LENGTH), 4000)
    store.vault.life.consent(recording.id, Consent.REFUSED)
    with pytest.raises(ConsentError):
        go_on(recording, call(2 * LENGTH), LENGTH, 4000)
    store.vault.drain()
    assert store.vault.info(recording.id).state is State.DISPOSED
    assert (store.objects, store.here, store.parts_sent) == ({}, [], 0)
    assert store.vault.life.report().ok


def test_what_was_disposed_of_is_never_sent(store: Store) -> None:
    store.line.cut()
    recording = record(store.vault)
    with pytest.raises(VaultError):
        store.vault.life.dispose(recording)
    assert store.here == []
    store.line.mend()
    assert [*store.vault.upload()] == []
    assert store.objects == {}


def test_an_object_that_was_changed_cut_or_deleted_is_found(store: Store) -> None:
    recording = record(store.vault)
    client, key = store.server.client, f"{store.prefix}/{recording}.hush"
    [sealed] = store.objects.values()
    for changed in (sealed[:-1], sealed[:4000] + b"\0" + sealed[4001:], sealed[:38]):
        client.put_object(Bucket=BUCKET, Key=key, Body=changed)
        with pytest.raises(VerificationError):
            store.vault.read(recording)
        assert [result.ok for result in store.vault.verify()] == [False]
    client.put_object(Bucket=BUCKET, Key=key, Body=b"X" + sealed[1:])
    assert [result.ok for result in store.vault.verify(quick=True)] == [False]
    client.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(VaultError, match="nor in the object store"):
        store.vault.read(recording)
    assert [result.ok for result in store.vault.verify(quick=True)] == [False]
    client.put_object(Bucket=BUCKET, Key=key, Body=sealed)
    assert store.vault.read(recording).complete
    stray = f"{store.prefix}/{recording[:-8]}00000000.hush"
    client.put_object(Bucket=BUCKET, Key=stray, Body=sealed)
    assert [result.ok for result in store.vault.verify()] == [True, False]


def test_a_vault_moves_to_a_store_it_is_given(server: ObjectServer, vault: Vault) -> None:
    recording = record(vault)
    prefix = server.new_prefix()
    set_objects(vault.path, server.url(prefix))
    moved = Vault.open(vault.path)
    assert moved.waiting() == [recording]
    assert moved.read(recording).complete
    assert [*moved.upload()] == [(recording, None)]
    assert [*server.content(prefix)] == [f"{recording}.hush"]
    with pytest.raises(VaultError, match="another place"):
        set_objects(vault.path, server.url("elsewhere"))


def test_wrong_credentials_are_told_without_being_shown(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = record(store.vault)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "marmalade")
    with pytest.raises(VaultError, match="refuses these credentials") as caught:
        Vault.open(store.vault.path).read(recording)
    assert "marmalade" not in str(caught.value)
    assert "hushtap:" not in str(caught.value)
    settings = (store.vault.path / SETTINGS).read_text()
    assert store.server.secret not in settings


def test_the_commands_say_what_waits_and_send_it(store: Store) -> None:
    store.line.cut()
    recording = record(store.vault)
    run = CliRunner()
    words = ["vault", "upload", "--vault", str(store.vault.path)]
    assert run.invoke(app, [*words, "--dry-run"]).output == f"{recording}  waiting\n"
    refused = run.invoke(app, [*words, "--json"])
    assert refused.exit_code == 1
    assert json.loads(refused.stdout) == {"recording": recording, "status": "waiting"}
    store.line.mend()
    done = run.invoke(app, words)
    assert (done.exit_code, done.output) == (0, f"{recording}  sent\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://",
        "https://calls.s3.amazonaws.com/2026",
        "s3://key:marmalade@calls/2026",
        "s3://calls/2026?secret_access_key=marmalade",
        "s3://calls?endpoint=http://s3.example.com:9000",
        "s3://calls?endpoint=https://key:marmalade@s3.example.com",
        "s3://calls?endpoint=ftp://localhost",
        "s3://calls?endpoint=https://[",
    ],
)
def test_a_url_that_is_none_or_has_a_secret_is_refused_unquoted(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        set_objects(tmp_path / "vault", url)
    assert "marmalade" not in str(caught.value)
    assert objects_place(tmp_path / "vault") is None
    with pytest.raises(VaultError) as again:
        Objects(url)
    assert "marmalade" not in str(again.value)


def test_a_url_names_bucket_prefix_and_options() -> None:
    assert checked("s3://calls") == ("calls", "", {})
    found = checked("s3://calls/a/b/?endpoint=https://s3.internal:9000&region=eu-central-1")
    assert found == (
        *("calls", "a/b"),
        {"endpoint": "https://s3.internal:9000", "region": "eu-central-1"},
    )
