"""Spoken numbers through each tap at once, with the real ears, into one vault."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from gateway.rig import (
    begun,
    ended,
    frames,
    hang_up,
    identity,
    in_time,
    port_of,
    recordings,
    serving,
)
from hushtap.evaluate import OPEN_SECONDS, load_truth, score
from taps.rtp.senders import l16, packet

if TYPE_CHECKING:
    from hushtap.ears.engine import Engine
    from hushtap.gateway.serve import Gateway
    from hushtap.values import Samples
    from hushtap.vault.recordings import Vault

STREAMDOUBLE = Path(sys.executable).with_name("streamdouble")
RATE = 8_000


async def by_twilio(gateway: Gateway, agent: Path, caller: Path) -> None:
    address = f"ws://127.0.0.1:{port_of(gateway, 'twilio')}/twilio"
    options = ("--track", "both", "--audio", str(caller), "--agent-audio", str(agent))
    process = await asyncio.create_subprocess_exec(
        *(str(STREAMDOUBLE), "call", "--fork", "--quiet", *options, address),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


async def by_audiosocket(gateway: Gateway, both: Samples) -> None:
    port = port_of(gateway, "audiosocket")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(identity(1))
    parts = list(frames(both))
    async for n in in_time(len(parts)):
        writer.write(parts[n])
    writer.write(hang_up())
    await reader.read()
    writer.close()


async def by_rtp(gateway: Gateway, agent: Samples, caller: Samples) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    ports: list[int] = gateway.taps[0].ports[0]  # type: ignore[attr-defined]
    async for n in in_time(len(caller) // 160):
        for port, samples in zip(ports, (agent, caller), strict=True):
            data = packet(n, 160 * n, l16(samples[160 * n : 160 * n + 160]), ssrc=port)
            transport.sendto(data, ("127.0.0.1", port))
    transport.close()


@pytest.mark.slow
def test_numbers_are_silent_whatever_tap_brought_them(
    vault: Vault, engine: Engine, ssn_call: Path, truth_of_ssn_call: str, tmp_path: Path
) -> None:
    read, rate = soundfile.read(ssn_call, dtype="int16")
    assert rate == RATE
    audio = read.astype(np.int16)
    agent, caller = audio[:, 0].copy(), audio[:, 1].copy()
    # As a switch mixes both parties.
    mixed = np.clip(agent.astype(int) + caller, -32_768, 32_767).astype(np.int16)
    (tmp_path / "truth.json").write_text(truth_of_ssn_call)
    truth = load_truth(tmp_path / "truth.json")
    for name, samples in (("agent.wav", agent), ("caller.wav", caller)):
        soundfile.write(tmp_path / name, samples, RATE, subtype="PCM_16")

    async def run() -> None:
        rtp = {"pairs": [{"listen": "127.0.0.1:0,127.0.0.1:0", "rtpmap": ["96=L16/8000"]}]}
        limits = {"idle": 5}
        async with serving(
            vault, engine, limits=limits, rtp=rtp, audiosocket={}, twilio={}
        ) as gateway:
            await asyncio.gather(
                by_twilio(gateway, tmp_path / "agent.wav", tmp_path / "caller.wav"),
                by_audiosocket(gateway, mixed),
                by_rtp(gateway, agent, caller),
                begun(gateway, 3),
            )
            await ended(gateway)

    asyncio.run(run())
    opened = {one.info.source: one for one in recordings(vault)}
    assert set(opened) == {"twilio", "audiosocket", "rtp"}
    for source, one in opened.items():
        got, sent = np.zeros_like(audio), audio
        if source == "audiosocket":
            sent = np.stack([np.zeros_like(mixed), mixed], axis=1)
        length = min(len(got), len(one.samples))
        assert length > len(audio) - RATE
        got[:length, -one.samples.shape[1] :] = one.samples[:length]
        scored = score(sent, got, truth)
        assert scored.sensitive
        assert all(s.audible < OPEN_SECONDS for s in scored.sensitive), source
        assert one.findings
