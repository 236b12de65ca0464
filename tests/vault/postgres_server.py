"""A real PostgreSQL server in a folder of its own, never run as root, with a password."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

import psycopg

_PEERS = Path(sys.prefix) / "peers-postgresql"
"""Where ``scripts/setup.sh --peers`` unpacks it; elsewhere the system's is taken."""
HERE = "127.0.0.1"
USER = "hushtap"


def _programs() -> Path | None:
    """Return the folder of the newest server's programs."""
    found = [
        *_PEERS.glob("usr/lib/postgresql/*/bin/initdb"),
        *Path("/usr/lib/postgresql").glob("*/bin/initdb"),
    ]
    return max(found, key=lambda path: int(path.parts[-3])).parent if found else None


PROGRAMS = _programs()


class PostgresServer:
    """A server with a cluster that is gone at the end; ``folder`` holds all of its files.

    It counts its tables and waits for its disk where ``fsync`` is set, as one at work does.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._switch = "on" if fsync else "off"
        self.folder = Path(tempfile.mkdtemp(prefix="hushtap-postgres-"))
        self.password = secrets.token_hex(12)
        self.passfile = self.folder / "pass"
        self.data = self.folder / "data"
        with socket.create_server((HERE, 0)) as free:
            self.port = int(free.getsockname()[1])
        self._made = 0
        self._as: tuple[str, ...] = ()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            ids = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}")
            self._as = ("setpriv", *ids, "--clear-groups")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)

    def __enter__(self) -> Self:
        try:
            secret = self.folder / "secret"
            secret.write_text(self.password)
            secret.chmod(0o644)
            self._run(
                *("initdb", "--no-sync", "--auth=scram-sha-256", f"--pwfile={secret}"),
                *(f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", str(self.data)),
            )
            secret.unlink()
            self.passfile.write_text(f"{HERE}:{self.port}:*:{USER}:{self.password}\n")
            self.passfile.chmod(0o600)
            self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = f"-p {self.port} -c listen_addresses={HERE}"
        options += f" -c unix_socket_directories={self.folder} -c max_wal_size=64MB"
        options += f" -c fsync={self._switch} -c autovacuum={self._switch}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        """Stop it without waiting for those who are connected."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        self._made += 1
        name = f"calls_{self._made}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://{USER}@{HERE}:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        with self.connect(database) as connection:
            connection.execute(statement.encode())

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection that commits each statement."""
        return psycopg.connect(
            *(self.url(database),), password=self.password, autocommit=True, sslmode="disable"
        )

    def _run(self, program: str, *words: str) -> None:
        assert PROGRAMS is not None
        libraries = os.pathsep.join(str(path) for path in _PEERS.glob("usr/lib/*-linux-*"))
        subprocess.run(
            [*self._as, str(PROGRAMS / program), *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            env=os.environ | ({"LD_LIBRARY_PATH": libraries} if _unpacked() else {}),
        )


def _unpacked() -> bool:
    return PROGRAMS is not None and PROGRAMS.is_relative_to(_PEERS)
