from __future__ import annotations

import hashlib
import itertools
import json
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.catalog import State
from hushtap.vault.container import MAX_SEALED, Kind, SegmentWriter
from hushtap.vault.payloads import (
    Closing,
    Opening,
    pack_notes,
    pack_record,
    pack_run,
    unpack_opening,
)
from hushtap.vault.reader import OpenedRecording, header_of, last_state
from vault.calls import FINDINGS, PHONE_LINE, WORDS, SmallFile, info_of, small_file

GOLDEN = Path(__file__).parent / "golden"


def assert_exact_beginning(opened: OpenedRecording, small: SmallFile) -> None:
    assert not opened.complete
    assert opened.info.state is State.INTERRUPTED
    assert np.array_equal(opened.samples, small.audio[: len(opened.samples)])
    assert opened.words in {(), WORDS}
    assert opened.findings in {(), FINDINGS}


def segments_of(small: SmallFile) -> list[bytes]:
    """Return the header and each segment as bytes."""
    data = small.path.read_bytes()
    ends = [38, *(end for end, _ in small.ends)]
    return [data[:38], *(data[a:b] for a, b in itertools.pairwise(ends))]


def test_what_was_sealed_comes_back(small: SmallFile) -> None:
    opened = small.open()
    assert opened.complete
    assert opened.info.state is State.CLOSED
    assert opened.info.source == "line"
    assert opened.info.findings == {"CREDIT_CARD": 1, "UNHEARD": 1}
    assert np.array_equal(opened.samples, small.audio)
    assert opened.samples.dtype == np.int16
    assert opened.words == WORDS
    assert opened.findings == FINDINGS
    assert opened.channel_samples == (24, 24)


def test_every_cut_gives_the_exact_beginning_that_was_whole(small: SmallFile) -> None:
    data = small.path.read_bytes()
    for length in range(len(data)):
        opened = small.open(data[:length])
        assert_exact_beginning(opened, small)
        whole = [readable for end, readable in small.ends if end <= length]
        assert len(opened.samples) == (whole[-1] if whole else 0)


def test_every_cut_of_a_closed_recording_is_found(small: SmallFile) -> None:
    data = small.path.read_bytes()
    assert small.open(data, State.CLOSED).complete
    for length in range(len(data)):
        with pytest.raises(VerificationError):
            small.open(data[:length], State.CLOSED)


def test_every_flipped_bit_is_found(small: SmallFile) -> None:
    data = bytearray(small.path.read_bytes())
    for at in range(len(data)):
        for bit in range(8):
            data[at] ^= 1 << bit
            with suppress(VaultError):
                # A longer length points past the end and reads as a cut.
                assert_exact_beginning(small.open(bytes(data)), small)
                with pytest.raises(VerificationError):
                    small.open(bytes(data), State.CLOSED)
            data[at] ^= 1 << bit
    assert small.open(bytes(data)).complete


def test_segments_swapped_dropped_or_repeated_are_found(small: SmallFile) -> None:
    header, *segments = segments_of(small)
    assert small.open(header + b"".join(segments)).complete
    for first in range(len(segments)):
        dropped = segments[:first] + segments[first + 1 :]
        repeated = segments[: first + 1] + segments[first:]
        arranged = [repeated] + ([dropped] if first < len(segments) - 1 else [])
        for second in range(first + 1, len(segments)):
            swapped = segments.copy()
            swapped[first], swapped[second] = swapped[second], swapped[first]
            arranged.append(swapped)
        for order in arranged:
            with pytest.raises(VerificationError):
                small.open(header + b"".join(order))


def test_order_is_kept_where_no_end_could_prove_it(small: SmallFile) -> None:
    header, *segments = segments_of(small)
    begun = segments[:-1]
    assert_exact_beginning(small.open(header + b"".join(begun)), small)
    notes = begun.pop(2)
    for order in (begun, [*begun, notes], [*begun[:3], notes, *begun[3:]]):
        with pytest.raises(VerificationError, match="out of place"):
            small.open(header + b"".join(order))


def test_even_a_segment_in_order_may_not_follow_the_end(tmp_path: Path) -> None:
    info = info_of("20261122T054500Z-0a1b2c3d")
    writer = SegmentWriter(tmp_path / "file", header_of(info), bytes(32))
    writer.seal(Kind.OPEN, pack_record(Opening(info.started.isoformat(), "", "", "")), 0)
    closing = Closing("closed", 1, (0, 0), writer.digest.hex())
    writer.seal(Kind.CLOSE, pack_record(closing), 0)
    ended = SmallFile(writer.path, info, bytes(32), np.empty((0, 2), np.int16), ())
    assert ended.open().complete
    writer.seal(Kind.NOTES, pack_notes(WORDS, FINDINGS), 0)
    writer.close()
    with pytest.raises(VerificationError, match="segment 2 is out of place"):
        ended.open()


def test_nothing_may_follow_the_end(small: SmallFile) -> None:
    data = small.path.read_bytes()
    last = segments_of(small)[-1]
    with pytest.raises(VerificationError, match="out of place"):
        small.open(data + last)


def test_a_segment_of_another_recording_under_the_same_key_is_found(
    small: SmallFile, tmp_path: Path
) -> None:
    other = small_file(tmp_path, "20261122T054500Z-0a1b2c3e", small.key)
    assert other.open().complete
    header, *segments = segments_of(small)
    segments[3] = segments_of(other)[4]
    with pytest.raises(VerificationError, match="segment 3 was changed"):
        small.open(header + b"".join(segments))


def test_the_file_of_another_recording_is_found(small: SmallFile, tmp_path: Path) -> None:
    other = small_file(tmp_path, "20261122T054500Z-0a1b2c3e", small.key)
    with pytest.raises(VerificationError, match="belongs to another recording"):
        small.open(other.path.read_bytes())


def test_another_key_opens_nothing(small: SmallFile) -> None:
    with pytest.raises(VerificationError, match="segment 0 was changed"):
        small.open(key=bytes(32))


def test_a_newer_format_is_named_as_such(small: SmallFile) -> None:
    data = bytearray(small.path.read_bytes())
    data[7] = 2
    with pytest.raises(VaultError, match="newer format"):
        small.open(bytes(data))


def test_a_length_no_writer_makes_is_refused_before_it_is_read(small: SmallFile) -> None:
    data = bytearray(small.path.read_bytes())
    data[38 + 13 : 38 + 17] = (MAX_SEALED + 1).to_bytes(4, "little")
    with pytest.raises(VerificationError, match="length"):
        small.open(bytes(data))


def test_a_sealed_list_that_differs_is_found(tmp_path: Path) -> None:
    info = info_of("20261122T054500Z-0a1b2c3d")
    for position, closing in enumerate(
        [
            Closing("closed", 2, (0, 0), "digest"),
            Closing("closed", 1, (1, 0), "digest"),
            Closing("closed", 1, (0, 0), hashlib.sha256(b"").hexdigest()),
        ]
    ):
        small = small_file(tmp_path, f"20261122T054500Z-0000000{position}", bytes(32))
        path = tmp_path / f"wrong-{position}"
        writer = SegmentWriter(path, header_of(info), bytes(32))
        writer.seal(Kind.OPEN, b'{"started":"","source":"","policy":"","software":""}', 0)
        sealed = closing
        if closing.digest == "digest":
            sealed = Closing("closed", closing.segments, closing.samples, writer.digest.hex())
        writer.seal(Kind.CLOSE, pack_record(sealed), 0)
        writer.close()
        same = SmallFile(path, info, bytes(32), small.audio, ())
        with pytest.raises(VerificationError, match="list does not match"):
            same.open()


def test_audio_that_does_not_follow_on_is_found(tmp_path: Path) -> None:
    info = info_of("20261122T054500Z-0a1b2c3d")
    for name, run in {
        "gap": pack_run(0, 5, b"\1\1"),
        "channel": pack_run(2, 0, b"\1\1"),
        "short": pack_run(0, 0, b"\1\1")[:-1],
        "header": b"\0\0",
    }.items():
        path = tmp_path / name
        writer = SegmentWriter(path, header_of(info), bytes(32))
        writer.seal(Kind.OPEN, b'{"started":"","source":"","policy":"","software":""}', 0)
        writer.seal(Kind.AUDIO, run, 0)
        writer.close()
        with pytest.raises(VerificationError):
            SmallFile(path, info, bytes(32), np.empty((0, 2), np.int16), ()).open()


def test_a_position_that_its_audio_does_not_bear_out_is_found(tmp_path: Path) -> None:
    info = info_of("20261122T054500Z-0a1b2c3d")
    writer = SegmentWriter(tmp_path / "file", header_of(info), bytes(32))
    writer.seal(Kind.OPEN, pack_record(Opening(info.started.isoformat(), "", "", "")), 5)
    writer.close()
    with pytest.raises(VerificationError, match="positions do not match"):
        SmallFile(writer.path, info, bytes(32), np.empty((0, 2), np.int16), ()).open()


def test_a_segment_too_long_to_read_is_never_written(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "file", header_of(info_of("x" * 25)), bytes(32))
    size = writer.path.stat().st_size
    with pytest.raises(OSError, match="long"):
        writer.seal(Kind.NOTES, bytes(MAX_SEALED), 0)
    writer.close()
    assert writer.path.stat().st_size == size


def test_the_end_is_seen_without_a_key(small: SmallFile) -> None:
    with small.path.open("rb") as file:
        assert last_state(file, small.path, small.info) == (State.CLOSED, 24)
    cut = small.path.with_suffix(".cut")
    cut.write_bytes(small.path.read_bytes()[:-1])
    with cut.open("rb") as file:
        assert last_state(file, cut, small.info) == (State.INTERRUPTED, 24)


def test_the_first_format_stays_readable() -> None:
    """golden/v1.hush was written by version 0.1.0; its key is the bytes 0 to 31."""
    path = GOLDEN / "v1.hush"
    golden = SmallFile(
        path, info_of("20261122T054500Z-0a1b2c3d"), bytes(range(32)), np.empty((0, 2), np.int16), ()
    )
    opened = golden.open(state=State.CLOSED)
    assert opened.complete
    assert opened.audio_format == PHONE_LINE
    assert opened.samples[:2].tolist() == [[-1758, 774], [16722, 29521]]
    assert hashlib.sha256(opened.samples.tobytes()).hexdigest() == (
        "c597295d0dbfce1c5627764a7dfb5573a6f0563c690e78221cd6669cd004de71"
    )
    assert opened.words == WORDS
    assert opened.findings == FINDINGS


def test_what_a_later_version_tells_is_passed_over() -> None:
    older = {"started": "2026", "source": "line", "policy": "abc", "software": "1"}
    for told in (older, older | {"weather": "rain"}):
        assert unpack_opening(json.dumps(told).encode()) == Opening("2026", "line", "abc", "1", "")
    with pytest.raises(TypeError):
        unpack_opening(b'{"started": "2026"}')


def test_reprs_show_no_sound_words_or_keys(small: SmallFile) -> None:
    opened = small.open()
    shown = repr(opened) + repr(opened.words) + repr(opened.info)
    assert "CREDIT_CARD" in shown
    assert "marmalade" not in shown
    assert not re.search(r"array|-1758", shown)
