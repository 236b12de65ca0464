"""A gateway that is broken or hostile costs the desk little and stops nothing."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hushtap.web.gateway import LONGEST_LIST, Gateway, GatewayError
from hushtap.web.rules import GatewayRules
from web.gateways import TOKEN, Playing, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\n"


def asking(folder: Path, url: str, timeout: float = 5) -> Gateway:
    (folder / "token").write_text(TOKEN)
    return Gateway(GatewayRules(url=url, token_file=folder / "token"), timeout)


@contextmanager
def answering(first: bytes, again: bytes, pause: float, sent: list[int]) -> Iterator[str]:
    """Answer one request by ``first``, then by ``again`` each ``pause`` seconds, for good."""
    ended = threading.Event()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(9999)
            part = first
            try:
                while not ended.wait(pause):
                    connection.sendall(part)
                    sent.append(len(part))
                    part = again
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("first", [OK + b"\r\n{", OK], ids=["body", "headers"])
def test_an_answer_that_never_ends_is_given_up(first: bytes, tmp_path: Path) -> None:
    with (
        answering(first, b" ", 0.02, []) as url,
        pytest.raises(GatewayError, match="TimeoutError"),
    ):
        asking(tmp_path, url, 0.3).calls()


def test_an_answer_without_bounds_is_not_kept(tmp_path: Path) -> None:
    sent: list[int] = []
    with (
        answering(OK + b"\r\n", b" " * (1 << 20), 0, sent) as url,
        pytest.raises(GatewayError, match="ValueError"),
    ):
        asking(tmp_path, url).calls()
    # What lies in the sockets between is on top.
    assert sum(sent) < 8 * LONGEST_LIST


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"calls":[{"id":"a","seconds":1e999}]}', b'{"calls":[{"id":"a"}]}'],
    ids=["deep", "endless", "short"],
)
def test_a_list_that_is_none_is_refused(body: bytes, tmp_path: Path) -> None:
    head = OK + b"content-length: %d\r\n\r\n" % len(body)
    with answering(head + body, b"", 0, []) as url, pytest.raises(GatewayError):
        asking(tmp_path, url).calls()


@pytest.mark.parametrize(
    "start",
    [
        {"rate": math.inf},
        {"sample": math.inf},
        {"sample": -5},
        {"sample": 10**40},
        {"delay": math.nan},
        {"delay": math.inf},
        {"delay": -1},
    ],
    ids=str,
)
def test_a_beginning_outside_of_all_bounds_is_refused(
    start: dict[str, Any], tmp_path: Path
) -> None:
    async def begin(url: str) -> None:
        async with asking(tmp_path, url).listen("call"):
            pass

    with (
        gateway(Playing([], ["call"], start=start)) as playing,
        pytest.raises(GatewayError, match="another protocol"),
    ):
        asyncio.run(begin(playing.url))
