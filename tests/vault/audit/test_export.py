"""Copies of the log elsewhere: a real syslog server over TLS, and folders."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.events import Outcome
from hushtap.vault.audit.export import Folder, export, target_of
from hushtap.vault.audit.log import LOG_NAME, VaultLog
from hushtap.vault.audit.reading import ExportState, reading
from hushtap.vault.audit.signing import KEY_NAME
from hushtap.vault.audit.syslog import SyslogPeer
from vault.audit.logs import check, entries_of, event, log_of
from vault.audit.servers import HAS_RSYSLOG, HERE, Authority, Rsyslog, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_rsyslog = pytest.mark.skipif(
    not HAS_RSYSLOG, reason="needs rsyslog with TLS (scripts/setup.sh --peers, as root)"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that issues certificates for this host."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Iterator[Rsyslog]:
    """A server that is there, but not started."""
    (tmp_path / "server").mkdir()
    server = Rsyslog(tmp_path / "server", authority, free_port())
    yield server
    server.stop()


def peer(server: Rsyslog) -> SyslogPeer:
    return SyslogPeer(HERE, server.port, ca=server.authority.ca)


def state_of(log: VaultLog) -> ExportState:
    with reading(log.path) as state:
        [one] = state.exports()
    return one


def bodies(lines: list[str]) -> list[dict[str, object]]:
    return [json.loads(line[line.index("{") :]) for line in lines]


@needs_rsyslog
def test_a_syslog_server_gets_every_entry_once_and_a_checkpoint(
    tmp_path: Path, server: Rsyslog
) -> None:
    log = log_of(tmp_path, 3)
    log.append(event(4, Outcome.FAILURE))
    with server:
        assert export(log, peer(server)) == 4
        log.append(event(5))
        assert export(log, peer(server)) == 1
        assert export(log, peer(server)) == 0
        lines = server.received()
    assert [line.split(" ")[0] for line in lines] == ["<109>1"] * 3 + ["<108>1"] + ["<109>1"] * 3
    found = bodies(lines)
    sent = [
        json.dumps(one["entry"], sort_keys=True, separators=(",", ":")).encode()
        for one in found
        if "entry" in one
    ]
    assert sent == entries_of(tmp_path)
    assert [one["number"] for one in found if "number" in one] == [1, 2, 3, 4, 5]
    assert {one["log"] for one in found} == {log.origin}
    notes = [str(one["checkpoint"]) for one in found if "checkpoint" in one]
    report = check(tmp_path, *notes)
    assert (report.problems, report.signed, len(notes)) == ([], 5, 2)
    # RFC 5424: priority and version, time, host, program, process, kind of message.
    stamp, host, program, process, kind = lines[0].split(" ")[1:6]
    first = json.loads(entries_of(tmp_path)[0])
    assert (stamp, host, program, process, kind) == (
        first["time"],
        first["host"],
        "hushtap",
        "-",
        "read",
    )


@needs_rsyslog
def test_what_waits_while_the_server_is_down_arrives_when_it_is_back(
    tmp_path: Path, server: Rsyslog
) -> None:
    log = log_of(tmp_path, 2)
    for failures in (1, 2):
        with pytest.raises(VaultError, match="cannot be reached \\(Connection refused\\)"):
            export(log, peer(server))
        state = state_of(log)
        assert (state.sent, state.pending, state.failures) == (0, 2, failures)
        assert state.reason is not None
        assert "Connection refused" in state.reason
        assert state.failed is not None
    log.append(event(3))
    with server:
        assert export(log, peer(server)) == 3
        numbers = [one["number"] for one in bodies(server.received()) if "number" in one]
    assert numbers == [1, 2, 3]
    assert state_of(log) == ExportState(peer(server).name, 3, 0, 0, None, None)
    server.start()
    log.append(event(4))
    assert export(log_of(tmp_path, 0), peer(server)) == 1
    assert [one["number"] for one in bodies(server.received()) if "number" in one] == [1, 2, 3, 4]


@needs_rsyslog
def test_a_server_that_another_vouches_for_gets_nothing(tmp_path: Path, server: Rsyslog) -> None:
    log = log_of(tmp_path, 2)
    stranger = Authority(tmp_path / "stranger", "someone else")
    with server:
        for wrong in (SyslogPeer(HERE, server.port, ca=stranger.ca), SyslogPeer(HERE, server.port)):
            with pytest.raises(
                VaultError, match=r"its certificate is not trusted \(X509 error \d+\)"
            ):
                export(log, wrong)
        # The right authority, for another name.
        other = SyslogPeer("localhost", server.port, ca=server.authority.ca)
        with pytest.raises(VaultError, match=r"its certificate is not trusted \(X509 error 62\)"):
            export(log, other)
        assert server.received() == []


@needs_rsyslog
def test_a_server_that_asks_for_a_certificate(tmp_path: Path, server: Rsyslog) -> None:
    log = log_of(tmp_path, 2)
    server.demands_certificate = True
    certificate, key = server.authority.issue("client")
    with server:
        with pytest.raises(VaultError, match="syslog"):
            export(log, peer(server))
        assert state_of(log).sent == 0
        good = SyslogPeer(HERE, server.port, server.authority.ca, certificate, key)
        assert export(log, good) == 2
        assert [one.get("number") for one in bodies(server.received())] == [1, 2, None]


@pytest.mark.parametrize("manner", ["reset", "unread", "half unread", "ended and deaf"])
def test_a_peer_that_breaks_off_has_not_got_it(
    tmp_path: Path, authority: Authority, manner: str
) -> None:
    """Whatever it took before, all of it counts as not sent."""
    log = log_of(tmp_path, 60)
    certificate, key = authority.issue(HERE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True) as tls:
            if manner == "reset":
                tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if manner == "half unread":
                tls.recv(100)
            if manner == "ended and deaf":
                # An orderly end, but most of what comes finds no room and waits on the way.
                socket.socket.shutdown(tls, socket.SHUT_WR)
                done.wait(30)

    with socket.create_server((HERE, 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(VaultError, match="syslog"):
            export(log, SyslogPeer(HERE, port, ca=authority.ca))
        done.set()
        thread.join()
    assert (state_of(log).sent, state_of(log).failures) == (0, 1)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("polite", [True, False])
def test_a_peer_that_reads_to_the_end_has_got_it(
    tmp_path: Path, authority: Authority, version: ssl.TLSVersion, *, polite: bool
) -> None:
    log = log_of(tmp_path, 40)
    certificate, key = authority.issue(HERE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.minimum_version = context.maximum_version = version
    taken = bytearray()

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as tls:
            while data := tls.recv(4096):
                taken.extend(data)
            if polite:
                tls.unwrap().close()

    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        assert export(log, SyslogPeer(HERE, port, ca=authority.ca)) == 40
        thread.join()
    # The framing of RFC 5425, taken apart again.
    rest, messages = bytes(taken), []
    while rest:
        length, _, rest = rest.partition(b" ")
        messages.append(rest[: int(length)])
        rest = rest[int(length) :]
    assert len(messages) == 41
    assert messages[-1].startswith(b"<109>1 - ")


def test_a_folder_gets_lines_of_json_and_checkpoints(tmp_path: Path) -> None:
    log, out = log_of(tmp_path, 3), tmp_path / "out"
    assert export(log, Folder(out)) == 3
    log_of(tmp_path, 2)
    assert export(log, Folder(out)) == 2
    assert sorted(path.name for path in out.iterdir()) == [
        *("checkpoint-000000000003.txt", "checkpoint-000000000005.txt"),
        "entries-000000000001-000000000003.jsonl",
        "entries-000000000004-000000000005.jsonl",
    ]
    lines = [
        line for path in sorted(out.glob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]
    whole = entries_of(tmp_path)
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4, 5]
    assert all(entry in line for entry, line in zip(whole, lines, strict=True))
    notes = [path.read_text() for path in sorted(out.glob("*.txt"))]
    assert check(tmp_path, *notes).problems == []
    assert state_of(log).target == out.as_uri()


def test_long_logs_go_in_batches_that_are_noted_one_by_one(tmp_path: Path) -> None:
    log, out = log_of(tmp_path, 10), tmp_path / "out"
    # The second batch has no room: its name is taken by a folder.
    (out / "entries-000000000005-000000000008.jsonl").mkdir(parents=True)
    with pytest.raises(VaultError, match="cannot be written"):
        export(log, Folder(out), at_once=4)
    assert state_of(log).sent == 4
    (out / "entries-000000000005-000000000008.jsonl").rmdir()
    assert export(log, Folder(out), at_once=4) == 6
    assert sorted(path.name for path in out.glob("entries*")) == [
        "entries-000000000001-000000000004.jsonl",
        "entries-000000000005-000000000008.jsonl",
        "entries-000000000009-000000000010.jsonl",
    ]


def test_without_the_key_the_newest_checkpoint_there_is_goes_along(tmp_path: Path) -> None:
    log = log_of(tmp_path, 2)
    note = log.checkpoint()
    log.close()
    (tmp_path / "keys" / KEY_NAME).unlink()
    log = log_of(tmp_path, 2)
    assert export(log, Folder(tmp_path / "out")) == 4
    [path] = (tmp_path / "out").glob("*.txt")
    assert (path.name, path.read_text()) == ("checkpoint-000000000002.txt", note)


def test_a_log_shorter_than_what_was_sent_sends_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path, 3)
    export(log, Folder(tmp_path / "out"))
    log.store.exported(Folder(tmp_path / "out").name, 9)
    with pytest.raises(VaultError, match="has more entries than the log; verify it"):
        export(log, Folder(tmp_path / "out"))


def test_a_folder_that_cannot_be_written_is_counted(tmp_path: Path) -> None:
    log = log_of(tmp_path, 1)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VaultError, match="cannot be made"):
        export(log, Folder(tmp_path / "file" / "out"))
    assert state_of(log).failures == 1
    assert (tmp_path / LOG_NAME).exists()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("syslog+tls://logs.example.com", "logs.example.com", 6514),
        ("syslog+tls://logs.example.com:7000/", "logs.example.com", 7000),
        ("syslog+tls://[2001:db8::1]:6514", "2001:db8::1", 6514),
    ],
)
def test_targets_are_named(text: str, host: str, port: int) -> None:
    target = target_of(text)
    assert isinstance(target, SyslogPeer)
    assert (target.host, target.port) == (host, port)


def test_what_is_no_target_is_refused(tmp_path: Path) -> None:
    assert isinstance(target_of(str(tmp_path)), Folder)
    for text in ("syslog://logs", "https://logs", "syslog+tls://", "syslog+tls://a b", "gs://x"):
        with pytest.raises(UsageError, match="not a target"):
            target_of(text)
    absent = tmp_path / "absent.pem"
    with pytest.raises(UsageError, match=r"absent\.pem: cannot be used for TLS \(No such file"):
        target_of("syslog+tls://127.0.0.1:1", ca=absent).send("log", [], None)
