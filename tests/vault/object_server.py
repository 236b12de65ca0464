"""A real S3 server in a folder of its own, and a line to it that can be cut."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
import botocore.config
import botocore.exceptions

if TYPE_CHECKING:
    from types import TracebackType

WEED = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
HERE = "127.0.0.1"
BUCKET = "calls"
_START_SECONDS = 30


class ObjectServer:
    """SeaweedFS with one bucket, ``BUCKET``. ``environment`` has the credentials."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hushtap-objects-"))
        self.secret = secrets.token_hex(16)
        self.environment = {"AWS_ACCESS_KEY_ID": "hushtap", "AWS_SECRET_ACCESS_KEY": self.secret}
        self.port = 0
        self._made = 0

    def __enter__(self) -> Self:
        assert WEED is not None
        keys = {"accessKey": "hushtap", "secretKey": self.secret}
        may = {"name": "hushtap", "credentials": [keys], "actions": ["Admin", "Read", "Write"]}
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [may]}))
        names = ("master", "volume", "filer", "s3")
        ports = _free_ports(2 * len(names))
        self.port = ports[names.index("s3")]
        words = [f"-{name}.port={port}" for name, port in zip(names, ports, strict=False)]
        words += [
            f"-{name}.port.grpc={port}"
            for name, port in zip(names, ports[len(names) :], strict=True)
        ]
        self._process = subprocess.Popen(
            [
                *(WEED, "server", f"-dir={self.folder}", f"-ip={HERE}", f"-ip.bind={HERE}"),
                *("-s3", f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
                *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=4"),
                *words,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)},
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder)

    def new_prefix(self) -> str:
        """Return a prefix that nothing lies under."""
        self._made += 1
        return f"vault-{self._made}"

    def url(self, prefix: str, port: int | None = None) -> str:
        """Return the URL of a prefix, through another ``port`` where one is given."""
        endpoint = f"http://{HERE}:{port or self.port}"
        return f"s3://{BUCKET}/{prefix}?endpoint={endpoint}&region=eu-central-1"

    @property
    def client(self) -> Any:  # noqa: ANN401 - boto3 has no types
        """Another client of the same server."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://{HERE}:{self.port}",
            aws_access_key_id="hushtap",
            aws_secret_access_key=self.secret,
            region_name="eu-central-1",
            config=botocore.config.Config(retries={"total_max_attempts": 1}),
        )

    def content(self, prefix: str) -> dict[str, bytes]:
        """Return all that lies under a prefix."""
        client = self.client
        listed = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/").get("Contents", [])
        return {
            one["Key"].removeprefix(f"{prefix}/"): client.get_object(Bucket=BUCKET, Key=one["Key"])[
                "Body"
            ].read()
            for one in listed
        }

    def _wait(self) -> None:
        """Make the bucket, once everything behind the gateway answers."""
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                client = self.client
                with suppress(client.exceptions.BucketAlreadyOwnedByYou):
                    client.create_bucket(Bucket=BUCKET)
                client.put_object(Bucket=BUCKET, Key="ready", Body=b"1")
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                # Not a wait for what a test does: it asks again until the server is up.
                threading.Event().wait(0.05)
            else:
                return


class Line:
    """A line of TCP to a port of this machine, which can be cut and mended."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._whole = True
        self._server = socket.create_server((HERE, 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def cut(self) -> None:
        """End all connections, and every one that comes."""
        with self._lock:
            self._whole = False
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def mend(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._whole = True

    def _serve(self) -> None:
        carriers: list[threading.Thread] = []
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                break
            with self._lock:
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection((HERE, self._to))
                self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                carriers.append(threading.Thread(target=_carry, args=(one, other)))
                carriers[-1].start()
        for carrier in carriers:
            carrier.join()


def _carry(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            to.sendall(data)
    for one in (source, to):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
    source.close()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        free = [stack.enter_context(socket.create_server((HERE, 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in free]
