"""SIP over real sockets: what a stream may bring, and who is let in."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway.siprec_rig import DeafEar, LimitsSection, Rig, State, certificate, rig
from hushtap.errors import UsageError
from hushtap.gateway.config import PolicySection
from hushtap.gateway.policies import Policies
from hushtap.gateway.siprec_config import SiprecSection
from hushtap.gateway.siprec_transport import Transport
from hushtap.mute import FADE_S
from hushtap.taps.pressed import AFTER_S
from hushtap.taps.siprec.message import LONGEST_BODY, LONGEST_HEAD
from hushtap.timeline import to_samples
from hushtap.values import Entity
from taps.rtp.senders import packet
from taps.siprec.phone import OFFER, request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Heard
    from hushtap.pii.policy import Policy


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


def connected(server: Rig, transport: str = "TCP") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", server.port(transport)))
    made.settimeout(10)
    return made


def read(client: socket.socket, count: int, after: bytes = b"") -> list[str]:
    """Return the heads of so many responses, and wait for what comes ``after`` the last."""
    data = b""
    while data.count(b"\r\n\r\n") < count or not data.endswith(after):
        more = client.recv(65_536)
        assert more, data
        data += more
    return [one.decode() for one in data.split(b"\r\n\r\n")[:count]]


def statuses(answers: list[str]) -> list[int]:
    return [int(one.split()[1]) for one in answers]


def closed(client: socket.socket) -> bool:
    """Wait for the other side to close; return whether it did."""
    try:
        while client.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_requests_come_in_pieces_and_several_at_once(server: Rig) -> None:
    with connected(server) as client:
        stream = b"".join(request("OPTIONS", number) for number in range(1, 6)) + b"\r\n\r\n"
        for at in range(0, len(stream), 97):
            client.sendall(stream[at : at + 97])
        answers = read(client, 5, after=b"\r\n\r\n\r\n")
        assert statuses(answers) == [200] * 5
        assert [re.search(r"CSeq: (\d)", one)[1] for one in answers] == list("12345")  # type: ignore[index]


def test_keys_that_are_pressed_are_answered_and_not_read(server: Rig) -> None:
    with connected(server) as client:
        client.sendall(request("INVITE", body=OFFER, headers=("Content-Type: application/sdp",)))
        trying, accepted = read(client, 2)
        assert statuses([trying, accepted]) == [100, 200]
        tag = re.search(r"\r\nTo:.*;tag=(\w+)", accepted)[1]  # type: ignore[index]
        client.sendall(request("ACK", to_tag=tag))
        info = request("INFO", 2, to_tag=tag, body=b"Signal=4\r\nDuration=160\r\n")
        client.sendall(info + request("BYE", 3, to_tag=tag))
        rest = ""
        while rest.count("CSeq: 3 BYE") < 1:
            rest += client.recv(65_536).decode()
        assert "CSeq: 2 INFO" in rest
    server.settle()
    (one,) = server.recordings()
    assert one.state is State.CLOSED


def test_what_was_heard_about_a_key_is_silent_on_both_channels(server: Rig) -> None:
    with connected(server) as client:
        client.sendall(request("INVITE", body=OFFER, headers=("Content-Type: application/sdp",)))
        _, accepted = read(client, 2)
        tag = re.search(r"\r\nTo:.*;tag=(\w+)", accepted)[1]  # type: ignore[index]
        client.sendall(request("ACK", to_tag=tag))
        server.wait_for_calls(1)
        [recorded] = server.server._sessions.values()
        ports = [line.pair.port for line in recorded._lines.values() if line.pair]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(100):
                for port in ports:
                    data = packet(number, 160 * number, b"\x10" * 160, kind=0, ssrc=port)
                    sender.sendto(data, ("127.0.0.1", port))
        while recorded.media is None or recorded.media.heard is None:
            # Until then it is not known when the call began.
            time.sleep(0.01)
        kind = ("Content-Type: application/dtmf-relay",)
        info = request("INFO", 2, to_tag=tag, body=b"Signal=4\r\n", headers=kind)
        client.sendall(info + request("BYE", 3, to_tag=tag))
        rest = ""
        while rest.count("CSeq: 3 BYE") < 1:
            rest += client.recv(65_536).decode()
    server.settle()
    [info_of] = server.recordings()
    opened = server.vault.read(info_of.id)
    keys = [f for f in opened.findings if f.entity is Entity.KEYPAD]
    assert {f.channel for f in keys} == {0, 1}
    assert {f.source for f in keys} == {"event"}
    fade = to_samples(FADE_S, 8_000)
    sent = 100 * 160
    for finding in keys:
        heard, span = opened.samples[:, finding.channel], finding.span
        assert len(span) >= to_samples(AFTER_S, 8_000)
        assert not heard[span.start + fade : span.end - fade].any()
        # The rest is there, but for what the beginning of the other channel moved it by.
        assert np.count_nonzero(heard) > sent - len(span) - 2 * fade - 160


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: 9999999"), 513),
        (request("OPTIONS").replace(b"Content-Length: 0\r\n", b""), 400),
        (request("OPTIONS").replace(b"\r\n\r\n", b"\r\nX: " + b"y" * LONGEST_HEAD), 513),
    ],
)
def test_a_stream_that_cannot_be_followed_is_answered_and_closed(
    server: Rig, data: bytes, status: int
) -> None:
    with connected(server) as client:
        client.sendall(data)
        answers = read(client, 1) if b"X: " not in data else []
        assert statuses(answers) in ([status], [])
        assert closed(client)
    assert server.server.refused[status] == 1
    with connected(server) as other:
        other.sendall(request("OPTIONS"))
        assert statuses(read(other, 1)) == [200]


def test_a_long_datagram_is_answered(server: Rig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", server.port("UDP")))
        port = client.getsockname()[1]
        via = f"127.0.0.1:{port}"
        client.send(b"\r\n\r\n")
        client.send(b"\x80\x00" * 100)
        client.send(request("OPTIONS", via=via)[:-10])
        client.send(request("OPTIONS", 2, via=via).replace(b"\r\n\r\n", b"\r\nX: " + b"y" * 40_000))
        client.send(request("OPTIONS", 3, via=via))
        answers = [client.recv(65_536).decode() for _ in range(3)]
        assert statuses(answers) == [400, 513, 200]
        assert LONGEST_BODY > 40_000


def test_a_sender_that_never_ends_a_message_is_let_go() -> None:
    async def trickle() -> int:
        taken: list[bytes] = []
        section = SiprecSection(udp="", tcp="127.0.0.1:0")
        transport = Transport(
            section, lambda data, _: taken.append(data), lambda *_: None, slow=0.2
        )
        await transport.start()
        reader, writer = await asyncio.open_connection(*transport.addresses["TCP"])
        # A whole message first: it is the next one that is never whole.
        writer.write(request("OPTIONS") + request("OPTIONS")[:-8])
        sent = 0
        while not reader.at_eof() and sent < 10_000:
            with suppress(TimeoutError, ConnectionResetError):
                writer.write(b"y")
                sent += 1
                async with asyncio.timeout(0.02):
                    await reader.read(1)
        writer.close()
        with suppress(ConnectionResetError, BrokenPipeError):
            await writer.wait_closed()
        await transport.stop()
        assert taken == [request("OPTIONS")]
        return sent

    assert asyncio.run(trickle()) < 10_000


def test_more_connections_than_allowed_are_closed(tmp_path: Path) -> None:
    with rig(tmp_path, {"connections": 2}) as server:
        held = [connected(server) for _ in range(2)]
        for one in held:
            one.sendall(request("OPTIONS"))
            assert statuses(read(one, 1)) == [200]
        with connected(server) as third:
            third.sendall(request("OPTIONS"))
            assert closed(third)
        held.pop().close()
        for one in held:
            one.sendall(request("OPTIONS", 2))
            assert statuses(read(one, 1)) == [200]
            one.close()


def test_only_peers_may_call(tmp_path: Path) -> None:
    with rig(tmp_path, {"peers": ["10.0.0.0/8"]}) as server:
        with connected(server) as client:
            client.sendall(request("OPTIONS"))
            assert closed(client)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.settimeout(0.3)
            other.sendto(request("OPTIONS"), ("127.0.0.1", server.port("UDP")))
            with pytest.raises(TimeoutError):
                other.recv(65_536)


def test_tls_asks_for_the_certificate_of_the_client(tmp_path: Path) -> None:
    keys = certificate(tmp_path)
    section = {"tls": "127.0.0.1:0", "tls_client_ca": keys["tls_cert"], "udp": "", "tcp": ""}
    with rig(tmp_path, {**keys, **section}) as server:
        context = ssl.create_default_context(cafile=str(keys["tls_cert"]))
        context.check_hostname = False
        with connected(server, "TLS") as plain, context.wrap_socket(plain) as bare:
            # A server of TLS 1.3 tells the client, if at all, with its first read.
            got = b""
            with suppress(ssl.SSLError, ConnectionResetError):
                bare.sendall(request("OPTIONS", transport="TLS"))
                got = bare.recv(10)
            assert got == b""
        context.load_cert_chain(keys["tls_cert"], keys["tls_key"])
        with connected(server, "TLS") as plain, context.wrap_socket(plain) as client:
            client.sendall(request("OPTIONS", transport="TLS"))
            assert statuses(read(client, 1)) == [200]


@pytest.mark.parametrize("name", ["tls_cert", "tls_client_ca"])
def test_files_that_are_no_certificates_are_named(tmp_path: Path, name: str) -> None:
    keys = certificate(tmp_path)
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    section = SiprecSection.model_validate(keys | {"tls": "127.0.0.1:0", name: wrong})
    with pytest.raises(UsageError, match=r"wrong\.pem"):
        section.context()


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(UsageError, match="cannot listen"),
            rig(tmp_path, {"tcp": f"127.0.0.1:{port}"}),
        ):
            pass


class BrokenEar(DeafEar):
    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        raise RuntimeError


def test_who_hangs_up_when_the_gateway_stops(tmp_path: Path) -> None:
    with (
        rig(tmp_path, ear=BrokenEar(), limits=LimitsSection()) as server,
        connected(server) as client,
    ):
        client.sendall(request("INVITE", body=OFFER, headers=("Content-Type: application/sdp",)))
        _, accepted = read(client, 2)
        tag = re.search(r"\r\nTo:.*;tag=(\w+)", accepted)[1]  # type: ignore[index]
        client.sendall(request("ACK", to_tag=tag))
        server.run(server.server.drain())
        client.sendall(request("INVITE", 2, body=OFFER, call_id="c2"))
        data = b""
        while b"503 Service Unavailable" not in data:
            data += client.recv(65_536)
        server.run(server.server.stop())
        while b"BYE sip:src@10.0.0.9:5060 SIP/2.0" not in data:
            data += client.recv(65_536)
        (info,) = server.recordings()
        assert info.state is State.CLOSED


SDP = ("Content-Type: application/sdp",)


def test_a_cancel_that_comes_with_its_invite_leaves_no_call(server: Rig) -> None:
    with connected(server) as client:
        client.sendall(
            request("INVITE", body=OFFER, headers=SDP) + request("CANCEL", branch="z9hG4bKINVITE1")
        )
        assert statuses(read(client, 3)) == [100, 200, 487]
        client.sendall(request("ACK", branch="z9hG4bKINVITE1"))
    server.settle()
    assert not server.server._sessions
    assert [(one.samples, one.state) for one in server.recordings()] in (
        [],
        [(0, State.CLOSED)],
    )
    with connected(server) as client:
        client.sendall(request("INVITE", 2, body=OFFER, headers=SDP, call_id="c2"))
        assert statuses(read(client, 2)) == [100, 200]


def test_a_session_without_a_sign_of_life_is_given_up(tmp_path: Path) -> None:
    with rig(tmp_path, {"idle": 1}) as server, connected(server) as client:
        client.sendall(request("INVITE", body=OFFER, headers=SDP))
        _, accepted = read(client, 2)
        tag = re.search(r"\r\nTo:.*;tag=(\w+)", accepted)[1]  # type: ignore[index]
        client.sendall(request("ACK", to_tag=tag))
        data = b""
        while b"BYE sip:src@10.0.0.9:5060 SIP/2.0" not in data:
            data += client.recv(65_536)
        server.settle()
        (info,) = server.recordings()
        assert info.state is State.INTERRUPTED


def test_without_ports_a_session_is_refused_for_a_while(tmp_path: Path) -> None:
    section = {"ports": "43100-43108", "rest": 60}
    with rig(tmp_path, section) as server, connected(server) as client:
        for number in (1, 2, 3):
            invite = request("INVITE", number, body=OFFER, headers=SDP, call_id=f"c{number}")
            client.sendall(invite)
            if number < 3:
                assert statuses(read(client, 2)) == [100, 200]
        data = b""
        while b"503 Service Unavailable" not in data or b"Retry-After: 60" not in data:
            data += client.recv(65_536)
        assert server.calls.admission.up == 2


@pytest.mark.parametrize(
    "error", [OSError("no such file"), UsageError("it broke"), RuntimeError("it fell")]
)
def test_whatever_keeps_a_call_from_beginning_it_leaves_no_port_and_no_place(
    tmp_path: Path, error: Exception
) -> None:
    class Broken(Policies):
        def of(self, queue: str | None) -> Policy:
            raise error

    with rig(tmp_path) as server, connected(server) as client:
        server.calls._policies = Broken(PolicySection())
        client.sendall(request("INVITE", body=OFFER, headers=SDP))
        [trying, refused] = read(client, 2)
        assert statuses([trying, refused]) == [100, 500]
        assert str(error) not in refused
        server.settle()
        assert server.calls.admission.up == 0
        pairs = server.server._ports
        assert len(pairs._free) + len(pairs._resting) == len(server.section.port_range)
        assert not server.server._sessions
