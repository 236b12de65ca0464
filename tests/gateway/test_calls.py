"""Many calls, one pair of ears: none mixes with another, and one's trouble stays its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway.rig import (
    RATE,
    DeafEar,
    StuckEar,
    chunks,
    recordings,
    serving,
    speech,
)
from hushtap.errors import BusyError, ConsentError
from hushtap.gateway.calls import AHEAD_S, TapName
from hushtap.mute import FADE_S
from hushtap.observe import Reason
from hushtap.timeline import Span, to_samples
from hushtap.values import AudioFormat, Entity, PcmChunk
from hushtap.vault.audit.events import unpack
from hushtap.vault.audit.reading import reading
from hushtap.vault.recordings import CallDetails, Consent, State, Vault

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.gateway.calls import GatewayCall
    from hushtap.gateway.serve import Gateway

STEREO = AudioFormat(RATE, 2)
MONO = AudioFormat(RATE, 1)


async def admit(
    gateway: Gateway,
    details: CallDetails | None = None,
    audio: AudioFormat = STEREO,
    queue: str | None = None,
) -> GatewayCall:
    return await gateway.calls.admit(details, audio, tap=TapName.SIPREC, queue=queue)


def test_calls_at_once_do_not_mix(vault: Vault) -> None:
    said = [(speech(4, 2 * n), speech(4, 2 * n + 1)) for n in range(4)]

    async def run() -> list[str]:
        async with serving(vault) as gateway:
            calls = [await admit(gateway, CallDetails(agent=f"a{n}")) for n in range(4)]
            for together in zip(*(chunks(*channels) for channels in said), strict=True):
                for call, chunk in zip(calls, together, strict=True):
                    assert call.offer(chunk)
            await asyncio.gather(*(call.end() for call in calls))
            await gateway.calls.gone()
            assert gateway.calls.admission.up == 0
            return [call.id for call in calls]

    for n, recording_id in enumerate(asyncio.run(run())):
        opened = vault.read(recording_id)
        assert opened.complete
        assert opened.info.agent == f"a{n}"
        assert opened.info.source == "siprec"
        assert np.array_equal(opened.samples, np.stack(said[n], axis=1))


def test_a_recording_that_fails_ends_its_own_call_alone(vault: Vault) -> None:
    audio = speech(3)

    async def run() -> tuple[str, str]:
        async with serving(vault) as gateway:
            bad, good = await admit(gateway, audio=MONO), await admit(gateway, audio=MONO)
            parts = list(chunks(audio))
            for part in parts[: len(parts) // 2]:
                bad.offer(part)
                good.offer(part)
            # The caller refuses: nothing more may be written.
            await asyncio.to_thread(vault.life.consent, bad.id, Consent.REFUSED)
            for part in parts[len(parts) // 2 :]:
                bad.offer(part)
                assert good.offer(part)
            await bad.end()
            assert not bad.offer(PcmChunk(0, Span(0, 1), np.zeros(1, np.int16)))
            await good.end()
            await gateway.calls.gone()
            return bad.id, good.id

    bad, good = asyncio.run(run())
    assert vault.info(bad).state is State.DISPOSED
    assert np.array_equal(vault.read(good).samples[:, 0], audio)


def test_ears_that_fall_behind_make_silence_of_every_call_and_never_audio(vault: Vault) -> None:
    ear = StuckEar()

    async def run() -> None:
        async with serving(vault, ear) as gateway:
            gateway.calls.deadline = 0.05
            calls = [await admit(gateway) for _ in range(6)]
            for call in calls:
                for chunk in chunks(speech(6, 1), speech(6, 2)):
                    call.offer(chunk)
            await asyncio.gather(*(call.end() for call in calls))
            assert gateway.calls.admission.refusal() == "ears_late"
            with pytest.raises(BusyError):
                await admit(gateway)
            ear.let_go.set()

    asyncio.run(run())
    assert ear.entered.is_set()
    opened = recordings(vault)
    assert len(opened) == 6
    for one in opened:
        assert one.complete
        assert len(one.samples) == 6 * RATE
        unheard = [f for f in one.findings if f.entity is Entity.UNHEARD]
        assert {f.source for f in unheard} == {"late"}
        # Bursts of noise are all there was: none is audible, but for where mutes fade.
        for channel in range(2):
            mutes = [f.span for f in unheard if f.channel == channel]
            faded = 2 * len(mutes) * to_samples(FADE_S, RATE)
            assert np.count_nonzero(one.samples[:, channel]) <= faded


def test_no_more_calls_are_taken_than_there_are_places(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"max_calls": 2, "retry_after": 5}) as gateway:
            first = await admit(gateway)
            await admit(gateway)
            with pytest.raises(BusyError) as refused:
                await admit(gateway)
            assert refused.value.retry_after == 5
            await first.end()
            await asyncio.sleep(0)
            await admit(gateway)
            await gateway.calls.abandon()

    asyncio.run(run())
    assert len(vault.list()) == 3


def test_a_call_that_is_refused_leaves_no_place_taken(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"max_calls": 1}) as gateway:
            with pytest.raises(ConsentError):
                await admit(gateway, CallDetails(consent=Consent.REFUSED))
            assert gateway.calls.admission.up == 0
            await (await admit(gateway)).end()

    asyncio.run(run())


def test_a_tap_that_gives_up_while_its_call_begins_leaves_no_recording_open(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault) as gateway:
            admitting = asyncio.create_task(admit(gateway))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            admitting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await admitting
            assert gateway.calls.admission.up == 0

    asyncio.run(run())
    assert all(info.state is State.INTERRUPTED for info in vault.list())


def test_a_call_ends_once_however_often_it_is_ended(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault) as gateway:
            call = await admit(gateway)
            for chunk in chunks(speech(1), speech(1, 2)):
                call.offer(chunk)
            await asyncio.gather(call.end(), call.end(), call.end())
            await call.end(Reason.TAP_FAILED)
            assert call.over

    asyncio.run(run())
    assert [info.state for info in vault.list()] == [State.CLOSED]


def test_a_tap_that_fails_leaves_an_interrupted_recording_of_the_same_length(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault) as gateway:
            call = await admit(gateway)
            for chunk in chunks(speech(2), speech(2, 2)):
                call.offer(chunk)
            await call.end(Reason.TAP_FAILED)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.info.state is State.INTERRUPTED


def test_a_sender_far_faster_than_time_is_cut_off(vault: Vault) -> None:
    second = np.zeros(RATE, np.int16)

    async def run() -> None:
        async with serving(vault) as gateway:
            call = await admit(gateway, audio=MONO)
            for n in range(2 * round(AHEAD_S)):
                call.offer(PcmChunk(0, Span(n * RATE, (n + 1) * RATE), second))
                if n % 5 == 0:
                    await asyncio.sleep(0)
            await call.wait_over()
            await gateway.calls.gone()

    asyncio.run(run())
    [info] = vault.list()
    assert info.state is State.INTERRUPTED
    assert info.samples <= (AHEAD_S + 10) * RATE


def test_no_call_is_longer_than_the_longest(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"longest": 1}) as gateway:
            call = await admit(gateway)
            await call.wait_over()
            await gateway.calls.gone()

    asyncio.run(run())
    assert [info.state for info in vault.list()] == [State.CLOSED]


def test_calls_get_the_policy_of_their_queue(vault: Vault, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('entities = ["CREDIT_CARD"]\n')

    async def run() -> None:
        async with serving(vault, DeafEar(), policy={"queues": {"q": str(other)}}) as gateway:
            for queue in ("q", None, "unknown"):
                await (await admit(gateway, CallDetails(queue=queue), queue=queue)).end()
            before = len(vault.list())
            assert before == 3
            other.write_text('entities = ["CVV"]\n')
            await gateway.reload()
            await (await admit(gateway, CallDetails(queue="q"), queue="q")).end()
            other.write_text("entities = []\n")
            await gateway.reload()
            await (await admit(gateway, CallDetails(queue="q"), queue="q")).end()

    asyncio.run(run())
    policies = [info.policy for info in sorted(vault.list(), key=lambda i: i.id[:-9])]
    by_queue = {info.queue: info.policy for info in vault.list()}
    assert by_queue[None] == by_queue["unknown"]
    # One of before the reload, two of after it: a wrong file changes nothing.
    of_queue = sorted(policies.count(info.policy) for info in vault.list() if info.queue == "q")
    assert of_queue == [1, 2, 2]
    with reading(vault.path / "audit.db") as log:
        entries = [unpack(row.entry) for row in log.rows()]
    changes = [entry["objects"] for entry in entries if entry["activity"] == "policy-change"]
    [new] = {p for p in policies if policies.count(p) == 2} - {by_queue[None]}
    assert changes == [[{"id": new, "kind": "policy"}]]
