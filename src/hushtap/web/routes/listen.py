"""The sound and the waveform of a call, decrypted in memory as far as they are asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from hushtap.web.guard import Routes, Signed, lasts
from hushtap.web.roles import Permission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.vault.recordings import Playback
    from hushtap.web.desk import Desk

routes = Routes()

MOST_PEAKS: Final = 60_000
"""Of a channel: enough for every tenth of a second of 100 minutes, or pixels of a deep zoom."""
_PIECE_S: Final = 1
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LONGEST: Final = 0xFFFF_FFFF
"""What a WAV header can say; players go by the length of the answer beyond."""


@routes.page("GET", "/calls/{recording_id}/waveform", Permission.CALLS_LISTEN)
def waveform(request: Request, session: Signed, recording_id: str) -> Response:
    """Give the loudest sample of equal stretches: a byte each, channel after channel."""
    desk: Desk = request.app.state.desk
    playback = desk.open(session, recording_id)
    peaks = playback.peaks(MOST_PEAKS)
    total = playback.info.samples
    for flag in desk.waiting(playback):
        first, last = (at * peaks.shape[1] // total for at in (flag.span.start, flag.span.end))
        peaks[flag.channel, first : last + 1] = 0
    headers = {"x-channels": str(len(peaks))}
    return Response(peaks.tobytes(), media_type="application/octet-stream", headers=headers)


@routes.page("GET", "/calls/{recording_id}/audio", Permission.CALLS_LISTEN)
def audio(request: Request, session: Signed, recording_id: str) -> Response:
    """Give the call as WAV, whole or the range that is asked for; on record before that."""
    desk: Desk = request.app.state.desk
    playback = desk.listen(session, recording_id)
    header = wav_header(playback)
    size = len(header) + playback.info.samples * _frame(playback)
    headers = {"accept-ranges": "bytes", "content-disposition": "inline"}
    try:
        asked = byte_range(request.headers.get("range"), size)
    except ValueError:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{size}"})
    start, end = asked or (0, size)
    headers["content-length"] = str(end - start)
    if asked is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(
        stream(request, playback, header, start, end),
        206 if asked is not None else 200,
        headers,
        media_type="audio/wav",
    )


def wav_header(playback: Playback) -> bytes:
    """Return the 44 bytes before the samples of a PCM16 WAV file."""
    rate, channels = playback.audio_format.sample_rate, playback.audio_format.channels
    length = min(playback.info.samples * 2 * channels, _LONGEST - 36)
    return _HEADER.pack(
        *(b"RIFF", length + 36, b"WAVE", b"fmt ", 16, 1, channels, rate),
        *(rate * 2 * channels, 2 * channels, 16, b"data", length),
    )


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return ``(start, end)`` of a single byte range (RFC 9110, 14.2); ``None``: send it whole.

    Raises:
        ValueError: it lies outside of ``size`` bytes.
    """
    unit, _, text = (header or "").partition("=")
    first, dash, last = text.strip().partition("-")
    digits = all(part.isdecimal() and part.isascii() for part in (first, last) if part)
    if unit.strip().lower() != "bytes" or not dash or not digits or not first + last:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise ValueError("outside")
    return start, end


def stream(
    request: Request, playback: Playback, header: bytes, start: int, end: int
) -> Iterator[bytes]:
    """Yield bytes ``start`` to ``end`` of the file; no further once the session has ended."""
    desk: Desk = request.app.state.desk
    yield header[start:end]
    frame = _frame(playback)
    first = max(0, start - len(header))
    last = max(0, end - len(header))
    at, skip = first // frame, first % frame
    left = last - first
    step = playback.audio_format.sample_rate * _PIECE_S
    for piece in desk.sound(playback, at, -(-last // frame), step):
        if not lasts(request):
            return
        data = piece.astype("<i2").tobytes()[skip : skip + left]
        skip, left = 0, left - len(data)
        yield data


def _frame(playback: Playback) -> int:
    return 2 * playback.audio_format.channels
