"""A recording's audio as a file that any player reads."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Final

from hushtap.errors import VaultError
from hushtap.vault.files import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.reader import OpenedRecording

_MAX_WAV: Final = 2**32 - 4096


def check_place(wav_path: Path, vault: Path) -> None:
    """See that a WAV may be written there. Raises ``VaultError``: a folder, or in the vault."""
    if wav_path.is_dir():
        raise VaultError(f"{wav_path}: is a folder; name a WAV file to write")
    if wav_path.resolve().is_relative_to(vault.resolve()):
        raise VaultError(f"{wav_path}: lies inside the vault; name a file outside it")


def write_wav(opened: OpenedRecording, wav_path: Path, *, force: bool) -> None:
    """Write WAV PCM16, in clear, whole or not at all.

    Raises:
        VaultError: it exists and ``force`` is not set, is too long for the format, or
            cannot be written.
    """
    if opened.samples.nbytes > _MAX_WAV:
        raise VaultError(f"{wav_path}: the recording is longer than a WAV file can hold (4 GiB)")
    # The standard library's writer: it passes on the errors of the disk as they are.
    with whole_file(wav_path, replace=force) as file, wave.open(file, "wb") as wav:
        wav.setnchannels(opened.audio_format.channels)
        wav.setsampwidth(2)
        wav.setframerate(opened.audio_format.sample_rate)
        wav.writeframes(opened.samples.astype("<i2").tobytes())
