"""Media Streams over real WebSockets: a program that imitates Twilio, and clients that cheat."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.rig import RATE, TOKEN, begun, ended, port_of, recordings, serving, speech
from hushtap.mute import FADE_S
from hushtap.pii.policy import load_policy
from hushtap.taps.encoding import Encoding
from hushtap.taps.pressed import AFTER_S, BEFORE_S
from hushtap.taps.stdin import g711_table
from hushtap.taps.twilio import signature
from hushtap.timeline import to_samples
from hushtap.values import Entity
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.gateway.serve import Gateway
    from hushtap.values import Samples

STREAMDOUBLE = Path(sys.executable).with_name("streamdouble")
URL = "wss://taps.example.com/twilio"
TABLE = g711_table(Encoding.MULAW)


def mulaw(samples: Samples) -> bytes:
    """Return the nearest code of each sample."""
    order = np.argsort(TABLE, kind="stable")
    levels = TABLE[order].astype(np.int32)
    edges = (levels[1:] + levels[:-1]) / 2
    return bytes(order[np.searchsorted(edges, samples)].astype(np.uint8))


def heard(samples: Samples) -> Samples:
    return TABLE[np.frombuffer(mulaw(samples), np.uint8)]


def start(stream: str = "MZ1", **parts: Any) -> str:  # noqa: ANN401 - whatever JSON has
    said = {"streamSid": stream, "callSid": "CA1", "tracks": ["inbound"]}
    return json.dumps({"event": "start", "start": said | parts})


def media(samples: Samples, track: str = "inbound", at: int = 0) -> Iterator[str]:
    codes = mulaw(samples)
    for n, begin in enumerate(range(0, len(codes), 160)):
        payload = base64.b64encode(codes[begin : begin + 160]).decode()
        part = {"track": track, "timestamp": str(at + 20 * n), "payload": payload}
        yield json.dumps({"event": "media", "media": part})


STOP = json.dumps({"event": "stop", "stop": {}})


def address(gateway: Gateway) -> str:
    return f"ws://127.0.0.1:{port_of(gateway, 'twilio')}/twilio"


async def send(gateway: Gateway, *messages: str | bytes, **headers: str) -> int:
    """Send and return the code that the other side closes with."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with connect(address(gateway), additional_headers=named, compression=None) as socket:
        try:
            for message in messages:
                await socket.send(message)
            await socket.recv()
        except ConnectionClosed:
            pass
        await socket.wait_closed()
        return int(socket.close_code or 0)


def one(vault: Vault, *messages: str | bytes, **section: Any) -> int:  # noqa: ANN401
    """Send messages to a gateway, let the call end, and return the close code."""

    async def run() -> int:
        async with serving(vault, twilio=section) as gateway:
            code = await send(gateway, *messages)
            await ended(gateway)
            return code

    return asyncio.run(run())


def call_of(folder: Path, name: str, samples: Samples) -> Path:
    path = folder / name
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


async def streamdouble(gateway: Gateway, *options: str | Path) -> int:
    process = await asyncio.create_subprocess_exec(
        *(str(STREAMDOUBLE), "call", "--fork", "--quiet", *map(str, options), address(gateway)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


def test_both_tracks_of_a_program_that_imitates_twilio_are_recorded(
    vault: Vault, tmp_path: Path
) -> None:
    caller, agent = speech(1.5, 1), speech(1.5, 2)
    audio = call_of(tmp_path, "caller.wav", caller)
    agent_audio = call_of(tmp_path, "agent.wav", agent)

    async def run() -> None:
        async with serving(vault, twilio={}) as gateway:
            options = ("--track", "both", "--audio", audio, "--agent-audio", agent_audio)
            said = ("--param", "agent=ann", "--param", "queue=billing", "--param", "card=x")
            assert await streamdouble(gateway, *options, *said) == 0
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.complete
    assert (opened.info.agent, opened.info.queue) == ("ann", "billing")
    assert (opened.info.call_id or "").startswith("CA")
    for channel, said in enumerate((agent, caller)):
        got, expected = opened.samples[:, channel].astype(int), said.astype(int)
        assert len(got) == len(expected)
        # As close as mu-law is: 38 dB.
        error = np.sqrt(np.mean((got - expected) ** 2) / np.mean(expected**2))
        assert error < 0.02


def test_lost_frames_are_silence_and_move_nothing(vault: Vault, tmp_path: Path) -> None:
    # Without a pause, so that silence is what was lost.
    caller = np.random.default_rng(1).normal(0, 3_000, 2 * RATE).astype(np.int16)
    audio = call_of(tmp_path, "caller.wav", caller)

    async def run() -> None:
        async with serving(vault, twilio={}) as gateway:
            options = ("--packet-loss", "0.1", "--jitter", "40", "--chaos-seed", "7")
            assert await streamdouble(gateway, "--audio", audio, *options) == 0
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    got = opened.samples[:, 0]
    expected = heard(caller)[: len(got)]
    frames = got.reshape(-1, 160)
    lost = ~frames.any(axis=1)
    assert 3 <= lost.sum() <= 25
    kept = np.repeat(~lost, 160)
    error = (got - expected.astype(int))[kept]
    assert np.sqrt(np.mean(error**2)) < 0.02 * np.sqrt(np.mean(expected[kept].astype(float) ** 2))


def test_the_caller_is_the_track_that_the_settings_say(vault: Vault) -> None:
    inbound, outbound = speech(1, 1), speech(1, 2)
    both = [
        m for pair in zip(media(inbound), media(outbound, "outbound"), strict=True) for m in pair
    ]
    begin = start(tracks=["inbound", "outbound"])
    assert one(vault, begin, *both, STOP, caller="outbound") == 1000
    [opened] = recordings(vault)
    assert np.array_equal(opened.samples[:, 0], heard(inbound))
    assert np.array_equal(opened.samples[:, 1], heard(outbound))


def test_handshakes_must_be_signed(vault: Vault, tmp_path: Path) -> None:
    tokens = tmp_path / "twilio"
    tokens.write_text("an-older-auth-token\nthe-auth-token-of-now\n")
    right = signature(URL, "the-auth-token-of-now")
    wrong = ["", right.swapcase(), signature(f"{URL}x", "the-auth-token-of-now"), "x" * 4_000]

    async def run() -> None:
        section = {"auth_token": tokens, "url": URL}
        async with serving(vault, twilio=section) as gateway:
            for given in wrong:
                with pytest.raises(InvalidStatus) as refused:
                    await send(gateway, start(), X_Twilio_Signature=given)
                assert refused.value.response.status_code == 403
            with pytest.raises(InvalidStatus):
                await send(gateway, start())
            for n, given in enumerate((right, signature(f"{URL}/", "an-older-auth-token"))):
                assert await send(gateway, start(f"MZ{n}"), STOP, X_Twilio_Signature=given) == 1000
            await ended(gateway)

    asyncio.run(run())
    assert len(vault.list()) == 2


def test_a_stream_that_is_replayed_is_refused(vault: Vault) -> None:
    async def run() -> list[int]:
        async with serving(vault, twilio={}) as gateway:
            messages = [start("MZ1"), *media(speech(0.1)), STOP]
            return [await send(gateway, *messages) for _ in range(2)]

    assert asyncio.run(run()) == [1000, 1008]
    assert len(vault.list()) == 1


def test_a_token_in_the_parameters_is_asked_for(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)

    async def run() -> list[int]:
        async with serving(vault, twilio={"token": path}) as gateway:
            given = [{}, {"token": "wrong"}, {"token": TOKEN}]
            return [
                await send(gateway, start(f"MZ{n}", customParameters=parameters), STOP)
                for n, parameters in enumerate(given)
            ]

    assert asyncio.run(run()) == [1008, 1008, 1000]
    assert len(vault.list()) == 1


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 1007),
        ([b"\x00\x01"], 1007),
        ([*media(speech(0.02))], 1007),
        ([start(), start()], 1007),
        ([start(), *media(speech(0.02), "outbound")], 1007),
        (["x" * 70_000], 1009),
        ([start(customParameters={"consent": "refused"})], 1008),
        ([start(customParameters={"consent": "perhaps"})], 1008),
        ([start(customParameters={"queue": "4111 1111 1111 1111"}), STOP], 1000),
    ],
    ids=range(9),
)
def test_streams_are_closed_by_the_code_that_says_why(
    messages: list[str | bytes], code: int, vault: Vault
) -> None:
    assert one(vault, *messages) == code
    # Of those that began, none is left open, and nothing that may not be stored is.
    assert all(info.state in {State.CLOSED, State.INTERRUPTED} for info in vault.list())
    assert all(info.queue is None for info in vault.list())


def test_a_full_gateway_says_try_later_and_takes_the_stream_then(vault: Vault) -> None:
    async def run() -> list[int]:
        async with serving(vault, limits={"max_calls": 1}, twilio={}) as gateway:
            async with connect(address(gateway)) as socket:
                await socket.send(start("MZ1"))
                await begun(gateway)
                codes = [await send(gateway, start("MZ2"))]
            await ended(gateway)
            return [*codes, await send(gateway, start("MZ2"), STOP)]

    assert asyncio.run(run()) == [1013, 1000]


def test_a_gateway_that_drains_lets_calls_go_on_and_takes_no_more(vault: Vault) -> None:
    audio = speech(1)

    async def run() -> int:
        async with serving(vault, twilio={}) as gateway:
            async with connect(address(gateway)) as socket:
                await socket.send(start("MZ1"))
                await begun(gateway)
                gateway.stop()
                code = await send(gateway, start("MZ2"))
                for message in (*media(audio), STOP):
                    await socket.send(message)
                await socket.wait_closed()
            return code

    assert asyncio.run(run()) == 1013
    [opened] = recordings(vault)
    assert opened.complete
    assert np.array_equal(opened.samples[:, 0], heard(audio))


def test_a_connection_that_breaks_off_is_a_call_that_ended(vault: Vault) -> None:
    audio = speech(1)

    async def run() -> None:
        async with serving(vault, twilio={}) as gateway:
            async with connect(address(gateway)) as socket:
                for message in (start(), *media(audio)):
                    await socket.send(message)
                await begun(gateway)
                socket.transport.abort()
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.complete
    got = opened.samples[:, 0]
    assert np.array_equal(got, heard(audio)[: len(got)])


def test_of_two_starts_at_once_of_one_stream_one_is_taken(vault: Vault) -> None:
    async def run() -> list[int]:
        async with serving(vault, twilio={}) as gateway:
            return sorted(
                await asyncio.gather(*(send(gateway, start("MZ1"), STOP) for _ in range(4)))
            )

    assert asyncio.run(run()) == [1000, 1008, 1008, 1008]
    assert len(vault.list()) == 1


def test_a_stream_picks_no_policy_that_it_may_not_pick(vault: Vault, tmp_path: Path) -> None:
    weak = tmp_path / "weak.toml"
    weak.write_text('entities = ["CVV"]\n')

    async def run() -> None:
        section = {"queues": ["billing"], "queue": "sales"}
        policies = {"queues": {"billing": "pci", "sales": "everything", "weak": str(weak)}}
        async with serving(vault, twilio=section, policy=policies) as gateway:
            for n, queue in enumerate(("billing", "weak", None)):
                said = {"customParameters": {"queue": queue} if queue else {}}
                assert await send(gateway, start(f"MZ{n}", **said), STOP) == 1000

    asyncio.run(run())
    policies = {info.queue: info.policy for info in vault.list()}
    expected = {"billing": "pci", "weak": "everything", "sales": "everything"}
    assert policies == {q: load_policy(name).fingerprint for q, name in expected.items()}


def key(track: str = "inbound_track") -> str:
    return json.dumps({"event": "dtmf", "dtmf": {"track": track, "digit": "4"}})


def test_a_key_is_silent_on_its_track_and_a_finding(vault: Vault) -> None:
    both = speech(3, 1), speech(3, 2)
    frames = [
        m for pair in zip(media(both[0]), media(both[1], "outbound"), strict=True) for m in pair
    ]
    begin = start(tracks=["inbound", "outbound"])
    assert one(vault, begin, *frames[:200], key("outbound_track"), *frames[200:], STOP) == 1000
    [opened] = recordings(vault)
    [finding] = [f for f in opened.findings if f.entity is Entity.KEYPAD]
    assert (finding.channel, finding.source, finding.muted) == (0, "event", True)
    at = 100 * 160
    assert finding.span.start <= at - to_samples(BEFORE_S, RATE)
    assert finding.span.end >= at + to_samples(AFTER_S, RATE)
    fade = to_samples(FADE_S, RATE)
    assert not opened.samples[finding.span.start + fade : finding.span.end, 0].any()
    assert np.array_equal(opened.samples[:, 1], heard(both[0]))


def test_a_key_after_the_last_audio_is_silent_too(vault: Vault) -> None:
    assert one(vault, start(), *media(speech(2)), key(), STOP) == 1000
    [opened] = recordings(vault)
    [finding] = [f for f in opened.findings if f.entity is Entity.KEYPAD]
    assert not opened.samples[2 * RATE - to_samples(BEFORE_S - FADE_S, RATE) :].any()
    assert finding.span.end >= 2 * RATE


def test_what_became_of_the_audio_is_in_the_metrics(vault: Vault) -> None:
    async def run() -> str:
        async with serving(vault, twilio={}) as gateway:
            first, last = speech(1), speech(1, 2)
            # The last second comes half a second late, and its first frame twice.
            messages = [*media(first), *media(last, at=1_500), *media(last[:160], at=1_500), STOP]
            await send(gateway, start(), *messages)
            await ended(gateway)
            return gateway.figures.text().decode()

    text = asyncio.run(run())
    assert 'hushtap_media_packets_total{fate="taken",tap="twilio"} 100.0' in text
    assert 'hushtap_media_packets_total{fate="late",tap="twilio"} 1.0' in text
    assert 'hushtap_media_silence_seconds_total{gap="concealed",tap="twilio"} 0.5' in text
