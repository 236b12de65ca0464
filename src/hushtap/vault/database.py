"""The database under the catalog: transactions, durability, and what deletion leaves behind.

SQLite in a file, or PostgreSQL by URL; what differs between them is in ``sqlite``
and ``postgres``, and in the types of ``schema``.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import exc

from hushtap.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_WAIT_SECONDS: Final = 30


class Backend(Protocol):
    """What differs between databases. ``name`` is for messages: a path or address, no secret.

    ``engine`` begins a transaction that writes where the connection has the execution
    option ``hushtap_writes``, and otherwise one that sees a single moment. ``shared``:
    whether vaults on other machines, with other folders, may have the same catalog.
    """

    name: str
    shared: bool
    engine: Engine

    def exists(self) -> bool:
        """Return whether there is a catalog. Raises ``VaultError`` or SQLAlchemy's errors."""
        ...

    def version(self) -> int:
        """Return the version of the tables, 0 where there are none."""
        ...

    def version_within(self, connection: Connection) -> int:
        """Return the same, within a transaction that writes."""
        ...

    def set_version(self, connection: Connection, version: int) -> None:
        """Note the version of the tables, within a transaction that writes."""
        ...

    def scrub(self, recording_id: str) -> None:
        """Overwrite or drop what still holds the deleted wrapped keys of a recording.

        Raises:
            VaultError: another process reads on, and this is to be called again.
        """
        ...

    def take_stock(self) -> None:
        """Let the database count what lies in the tables, where it does not do so itself."""
        ...

    def explain(self, error: exc.DBAPIError) -> VaultError:
        """Return what is wrong in one line, without any value of a row."""
        ...


class Database:
    """One database, by path (SQLite) or URL (PostgreSQL). For several threads and processes.

    ``wait_seconds`` is how long a transaction, or ``scrub``, waits for other processes.
    ``name`` stands for it in messages; ``shared`` is as ``Backend`` says.

    Raises:
        VaultError: from every method, where the database cannot be used.
    """

    def __init__(
        self, place: Path | str, *, create: bool, wait_seconds: float = _WAIT_SECONDS
    ) -> None:
        self._backend = backend(place, wait_seconds)
        self.name = self._backend.name
        self.shared = self._backend.shared
        if not create and not self.exists():
            raise VaultError(f"{self.name}: no vault here; create one or check the path")

    def exists(self) -> bool:
        """Return whether there is a catalog."""
        with self._translated():
            return self._backend.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose queries all see the same moment."""
        with self._translated(), self._backend.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that no other writer can come between; committed at the end.

        What it did is on disk once the block is left without an error.
        """
        engine = self._backend.engine.execution_options(hushtap_writes=True)
        with self._translated(), engine.begin() as connection:
            yield connection

    def scrub(self, recording_id: str) -> None:
        """Leave nothing of the deleted wrapped keys of a recording in the database's own files.

        Raises:
            VaultError: another process reads on; what was deleted is then deleted,
                but may still lie there.
        """
        with self._translated():
            self._backend.scrub(recording_id)

    def version(self, connection: Connection | None = None) -> int:
        """Return the version of the tables, 0 where there are none; within a writing, its own."""
        if connection is not None:
            return self._backend.version_within(connection)
        with self._translated():
            return self._backend.version()

    def set_version(self, connection: Connection, version: int) -> None:
        """Note the version of the tables, within a writing."""
        self._backend.set_version(connection, version)

    def take_stock(self) -> None:
        """Let the database count what lies in the tables, where it does not do so itself."""
        with self._translated():
            self._backend.take_stock()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.DBAPIError as error:
            raise self._backend.explain(error) from None
        except (exc.SQLAlchemyError, ValueError):
            raise VaultError(
                f"{self.name}: the catalog is damaged; restore it from a backup"
            ) from None


def backend(place: Path | str, wait_seconds: float) -> Backend:
    """Return what reaches the database at ``place``. Raises ``VaultError``."""
    if isinstance(place, Path):
        from hushtap.vault.sqlite import Sqlite  # noqa: PLC0415 - one of the two is needed

        return Sqlite(place, wait_seconds)
    from hushtap.vault.postgres import Postgres  # noqa: PLC0415 - same

    return Postgres(place, wait_seconds)
