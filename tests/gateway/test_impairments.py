"""Spoken numbers over networks and from senders that misbehave, through the gateway, real ears."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
import soundfile

from gateway.rig import RATE, DeafEar, ended, recordings, serving
from gateway.siprec_rig import found_at
from gateway.test_twilio import heard, mulaw
from hushtap.evaluate import OPEN_SECONDS, load_truth, score
from hushtap.vault.recordings import State, Vault
from taps.rtp.relay import Relay
from taps.rtp.senders import l16, packet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine
    from hushtap.values import Samples

FRAME = 160
LOUD = 1_000
FEW = 5
"""Frames that may be equal to what was sent at some place by chance alone."""
LINE = {"listen": "127.0.0.1:0,127.0.0.1:0", "rtpmap": ["96=L16/8000"]}

Audio: TypeAlias = "NDArray[np.int16]"
Plan: TypeAlias = "list[tuple[float, int, bytes]]"
"""When, on which channel, and what is sent."""


def plain(audio: Audio) -> tuple[Plan, Audio]:
    """Return what is sent of a call, and what an ideal recording of it has."""
    plan: Plan = []
    for n in range(len(audio) // FRAME):
        for channel in range(2):
            payload = l16(audio[FRAME * n : FRAME * (n + 1), channel])
            plan.append((0.02 * n, channel, packet(n, FRAME * n, payload, ssrc=channel)))
    return plan, audio


def pausing(audio: Audio) -> tuple[Plan, Audio]:
    """Send nothing while nobody speaks: sequence numbers go on without a gap."""
    plan: Plan = []
    kept = audio.copy()
    for channel in range(2):
        sequence = 0
        for n in range(len(audio) // FRAME):
            samples = audio[FRAME * n : FRAME * (n + 1), channel]
            if n and np.abs(samples.astype(int)).max() < 300:
                kept[FRAME * n : FRAME * (n + 1), channel] = 0
                continue
            data = packet(sequence, FRAME * n, l16(samples), ssrc=channel)
            plan.append((0.02 * n, channel, data))
            sequence += 1
    return sorted(plan, key=lambda one: one[0]), kept


def another_source(audio: Audio) -> tuple[Plan, Audio]:
    """Change SSRC and every number in the middle."""
    plan, _ = plain(audio)
    half = len(plan) // 2
    after = [
        (when, channel, packet(9_000 + n // 2, 7_777 + FRAME * (n // 2), data[12:], ssrc=8 + n % 2))
        for n, (when, channel, data) in enumerate(plan[half:])
    ]
    return plan[:half] + after, audio


def another_codec(audio: Audio) -> tuple[Plan, Audio]:
    """Change from L16 to PCMU in the middle, without a word of signalling."""
    plan, sent = plain(audio)[0], audio.copy()
    half = len(plan) // 2
    for n, (when, channel, data) in enumerate(plan[half:], half):
        at = FRAME * (n // 2)
        samples = audio[at : at + FRAME, channel]
        sent[at : at + FRAME, channel] = heard(samples)
        sequence = int.from_bytes(data[2:4])
        plan[n] = when, channel, packet(sequence, at, mulaw(samples), kind=0, ssrc=channel)
    return plan, sent


def one_way(audio: Audio) -> tuple[Plan, Audio]:
    """Send the caller alone."""
    sent = audio.copy()
    sent[:, 0] = 0
    return [one for one in plain(audio)[0] if one[1] == 1], sent


def long_silence(audio: Audio) -> tuple[Plan, Audio]:
    """Send nothing at all for 30 s, near the end."""
    at = 9 * RATE
    quiet = np.zeros((30 * RATE, 2), np.int16)
    sent = np.concatenate([audio[:at], quiet, audio[at:]])
    plan, _ = plain(sent)
    return [one for one in plan if not 9 <= round(one[0], 2) < 39], sent


@dataclass(frozen=True)
class Case:
    """How a call is sent and what the network does; ``apart``: where it may be placed anew."""

    send: Callable[[Audio], tuple[Plan, Audio]] = plain
    network: dict[str, Any] = field(default_factory=dict)
    idle: float = 3
    apart: float | None = None
    kept: float = 0.6
    """Share of what is loud and no number that must be there, at least."""


CASES = {
    **{f"loss {share:.0%}": Case(network={"loss": share}) for share in (0.01, 0.02, 0.05, 0.1)},
    "jitter": Case(network={"delay": 0.04}),
    "disorder": Case(network={"delay": 0.1}),
    "duplicates": Case(network={"repeat": 0.3, "delay": 0.02}),
    # As long as no direction has anything, it is waited for.
    "stall": Case(network={"stall": (3.0, 2.0)}),
    "dtx": Case(pausing),
    # Until the new source is trusted, one second of it, its audio is too late.
    "source": Case(another_source, apart=5.0, kept=0.4),
    "codec": Case(another_codec),
    "one way": Case(one_way, kept=0.4),
    "no packets": Case(long_silence, idle=33),
}  # fmt: skip
CLEAN: dict[str, Any] = {"loss": 0, "repeat": 0, "delay": 0}


async def play(targets: list[tuple[str, int]], plan: Plan, network: dict[str, Any]) -> None:
    """Send a plan in its time, through the network, to two ports."""
    loop = asyncio.get_running_loop()
    with Relay(targets, seed=5, **network) as relay:
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        start = loop.time()
        for when, channel, data in plan:
            await asyncio.sleep(max(0.0, start + when - loop.time()))
            transport.sendto(data, ("127.0.0.1", relay.ports[channel]))
        transport.close()


def offset(got: Samples, sent: Samples, start: int, end: int) -> int | None:
    """Return by how many samples a stretch lies later than it should; None: nothing is heard."""
    part, near = sent[start:end], max(0, start - RATE // 4)
    moved = found_at(got[near : end + RATE // 4], part) + near - start
    there = got[max(0, start + moved) : end + moved]
    same = [
        np.array_equal(there[at : at + FRAME], part[at : at + FRAME])
        for at in range(0, len(part) - FRAME, FRAME)
        if np.abs(part[at : at + FRAME].astype(int)).max() > LOUD
    ]
    return moved if sum(same) > FEW else None


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_number_does_not_leak_and_nothing_is_shifted(
    name: str, *, vault: Vault, engine: Engine, ssn_call: Path, truth_of_ssn_call: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    case = CASES[name]
    audio = soundfile.read(ssn_call, dtype="int16")[0].astype(np.int16)
    plan, sent = case.send(audio)
    (tmp_path / "truth.json").write_text(truth_of_ssn_call)
    truth = load_truth(tmp_path / "truth.json")

    async def run() -> None:
        limits = {"idle": case.idle}
        async with serving(vault, engine, limits=limits, rtp={"pairs": [LINE]}) as gateway:
            gateway.calls.deadline = 20
            [ports] = gateway.taps[0].ports  # type: ignore[attr-defined]
            await play([("127.0.0.1", port) for port in ports], plan, CLEAN | case.network)
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.info.state is State.CLOSED
    assert abs(len(opened.samples) - len(sent)) < 2.2 * RATE
    got = np.zeros((max(len(sent), len(opened.samples)), 2), np.int16)
    got[: len(opened.samples)] = opened.samples
    # No leak, wherever the network put it.
    in_place = np.zeros_like(sent)
    kept = total = 0
    edges = [0, *([] if case.apart is None else [int(case.apart * RATE)]), len(sent)]
    numbers = [(s.channel, s.start * RATE, s.end * RATE) for s in truth.spans if s.sensitive]
    for channel in range(2):
        for start, end in pairwise(edges):
            moved = offset(got[:, channel], sent[:, channel], start, end)
            if moved is None:
                continue
            assert abs(moved) < 0.02 * RATE, (channel, moved)
            shifted = np.zeros(end - start, np.int16)
            part = got[start + moved : end + moved, channel] if start + moved >= 0 else shifted
            shifted[: len(part)] = part
            in_place[start:end, channel] = shifted
            want = sent[start:end, channel]
            # As it was sent, or less of it: where a mute fades, or all is silent.
            wrong = (shifted != want) & (np.abs(shifted.astype(int)) > np.abs(want.astype(int)))
            assert np.count_nonzero(wrong) <= 0.001 * len(want)
            for at in range(start, end - FRAME, FRAME):
                loud = np.abs(sent[at : at + FRAME, channel].astype(int)).max() > LOUD
                if loud and not any(
                    c == channel and a - RATE / 2 < at < b + RATE / 2 for c, a, b in numbers
                ):
                    total += 1
                    here = in_place[at : at + FRAME, channel]
                    kept += bool(np.array_equal(here, sent[at : at + FRAME, channel]))
    scored = score(sent, in_place, truth)
    assert scored.sensitive
    assert all(s.audible < OPEN_SECONDS for s in scored.sensitive)
    assert kept >= case.kept * total > 0


@pytest.mark.slow
def test_channels_of_clocks_that_are_off_stay_together(vault: Vault) -> None:
    """In real time: the caller's clock is 500 ppm fast, which would be 40 ms after 80 s."""
    seconds = 80
    random = np.random.default_rng(3)
    audio = np.zeros((seconds * RATE, 2), np.int16)
    clicks = range(RATE, len(audio) - RATE, 2 * RATE)
    for at in clicks:
        audio[at : at + 8] = random.integers(9_000, 20_000, (8, 1))
    plan = [
        (when / (1 + 500e-6) if channel else when, channel, data)
        for when, channel, data in plain(audio)[0]
    ]

    async def run() -> None:
        async with serving(vault, DeafEar(), limits={"idle": 2}, rtp={"pairs": [LINE]}) as gateway:
            [ports] = gateway.taps[0].ports  # type: ignore[attr-defined]
            targets = [("127.0.0.1", port) for port in ports]
            await play(targets, sorted(plan, key=lambda one: one[0]), CLEAN)
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    found = [np.nonzero(opened.samples[:, channel] > 9_000)[0] for channel in range(2)]
    starts = [one[np.diff(one, prepend=-RATE) > RATE // 2] for one in found]
    assert [len(one) for one in starts] == [len(clicks)] * 2
    # When each was said, by a clock that is right: the caller's came early.
    said = np.array(clicks) / (1 + 500e-6)
    assert np.abs(starts[1] - said).max() < 0.02 * RATE
    assert np.abs(starts[0] - np.array(clicks)).max() < 0.02 * RATE
    # It was corrected, not only short.
    assert len(clicks) * 2 * RATE * 500e-6 > 0.02 * RATE
