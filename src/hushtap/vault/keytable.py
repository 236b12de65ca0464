"""Which keys a vault seals to, and which recordings each of them opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    String,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from hushtap.errors import VaultError
from hushtap.vault.schema import keys, wrapped_keys

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from hushtap.vault.database import Database


class Role(StrEnum):
    """What a key is for."""

    MAIN = "main"
    """Opens recordings day by day."""
    ESCROW = "escrow"
    """Lies in a safe, for the day on which the main key is lost."""


class KeyState(StrEnum):
    """What a key still does."""

    ACTIVE = "active"
    """New recordings are sealed to it."""
    RETIRED = "retired"
    """Seals nothing any more; opens what only it can open."""
    DESTROYED = "destroyed"
    """Opens nothing; its private half is to be gone."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key of the vault. Times are UTC; ``opens`` counts recordings."""

    key_id: str
    label: str
    role: Role
    state: KeyState
    created: datetime
    retired: datetime | None
    opens: int


class KeyTable:
    """The keys of one vault. Safe to use from several threads and processes.

    Raises:
        VaultError: from every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> tuple[KeyInfo, ...]:
        """Return all keys, oldest first."""
        opened = (
            select(wrapped_keys.c.key_id, func.count().label("opens"))
            .group_by(wrapped_keys.c.key_id)
            .subquery()
        )
        query = (
            select(keys, func.coalesce(opened.c.opens, 0).label("opens"))
            .outerjoin(opened, opened.c.key_id == keys.c.id)
            .order_by(keys.c.created, keys.c.id)
        )
        with self._database.reading() as connection:
            return tuple(_info(row) for row in connection.execute(query))

    def active(self) -> tuple[str, ...]:
        """Return the ids of the keys that new recordings are sealed to."""
        query = (
            select(keys.c.id)
            .where(keys.c.state == KeyState.ACTIVE)
            .order_by(keys.c.created, keys.c.id)
        )
        with self._database.reading() as connection:
            return tuple(connection.scalars(query))

    def add(self, key_id: str, label: str, role: Role) -> None:
        """Add an active key. Raises ``VaultError`` where the vault has had it before."""
        values = {
            "id": key_id,
            "label": label,
            "role": role,
            "state": KeyState.ACTIVE,
        }
        with self._database.writing() as connection:
            # A clock that was set back must not make the newest key an old one.
            newest = connection.scalar(select(func.max(keys.c.created))) or ""
            values["created"] = max(_now(), _just_after(newest))
            if connection.scalar(select(keys.c.id).where(keys.c.id == key_id)):
                raise VaultError(f"{self._database.name}: key {key_id} has been here before")
            connection.execute(insert(keys).values(values))

    def unsealed_to(
        self, key_id: str, opener: str, after: str, most: int
    ) -> builtins.list[tuple[str, bytes]]:
        """Return recordings that ``opener`` opens and ``key_id`` does not, and the wrapped key.

        They are ``(recording id, wrapped)`` in the order of the ids, from the one past
        ``after`` on, ``most`` at a time.
        """
        other = wrapped_keys.alias()
        query = (
            select(wrapped_keys.c.recording_id, wrapped_keys.c.wrapped)
            .where(
                wrapped_keys.c.key_id == opener,
                wrapped_keys.c.recording_id > after,
                ~exists().where(
                    other.c.recording_id == wrapped_keys.c.recording_id, other.c.key_id == key_id
                ),
            )
            .order_by(wrapped_keys.c.recording_id)
            .limit(most)
        )
        with self._database.reading() as connection:
            return [(row.recording_id, row.wrapped) for row in connection.execute(query)]

    def sealed_to(self, key_id: str, after: str, most: int) -> builtins.list[tuple[str, bytes]]:
        """Return what a key opens, in the order and the form of ``unsealed_to``."""
        query = (
            select(wrapped_keys.c.recording_id, wrapped_keys.c.wrapped)
            .where(wrapped_keys.c.key_id == key_id, wrapped_keys.c.recording_id > after)
            .order_by(wrapped_keys.c.recording_id)
            .limit(most)
        )
        with self._database.reading() as connection:
            return [(row.recording_id, row.wrapped) for row in connection.execute(query)]

    def count_unsealed_to(self, key_id: str, opener: str) -> int:
        """Return how many recordings ``opener`` opens and ``key_id`` does not."""
        query = (
            select(func.count())
            .select_from(wrapped_keys)
            .where(wrapped_keys.c.key_id == opener, ~_opened_by(key_id))
        )
        with self._database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def seal_to(self, key_id: str, opener: str, rows: Iterable[tuple[str, bytes]]) -> int:
        """Add wrapped keys ``(recording id, wrapped)`` for an active key; return how many it took.

        A recording whose keys were destroyed in the meantime is left without any;
        a key that has retired in the meantime takes none.
        """
        source: Select[Any, Any, Any] = select(
            bindparam("rid", type_=String),
            literal(key_id, String),
            bindparam("sealed", type_=LargeBinary),
        ).where(
            exists().where(
                wrapped_keys.c.recording_id == bindparam("rid"), wrapped_keys.c.key_id == opener
            ),
            ~exists().where(
                wrapped_keys.c.recording_id == bindparam("rid"), wrapped_keys.c.key_id == key_id
            ),
            exists().where(keys.c.id == key_id, keys.c.state == KeyState.ACTIVE),
        )
        statement = insert(wrapped_keys).from_select(["recording_id", "key_id", "wrapped"], source)
        # Otherwise PostgreSQL's driver is not asked how many rows it was.
        statement = statement.execution_options(preserve_rowcount=True)
        given = [{"rid": recording_id, "sealed": sealed} for recording_id, sealed in rows]
        if not given:
            return 0
        with self._database.writing() as connection:
            return connection.execute(statement, given).rowcount

    def retire(self, key_id: str) -> bool:
        """Make a key seal nothing any more; return ``False`` where it was so already.

        Raises:
            VaultError: it is the last active main key.
        """
        with self._database.writing() as connection:
            mains = select(keys.c.id).where(
                keys.c.role == Role.MAIN, keys.c.state == KeyState.ACTIVE
            )
            if set(connection.scalars(mains)) == {key_id}:
                raise VaultError(
                    f"key {key_id} is the only main key: rotate it, or the vault cannot record"
                )
            changed = connection.execute(
                update(keys)
                .where(keys.c.id == key_id, keys.c.state == KeyState.ACTIVE)
                .values(state=KeyState.RETIRED, retired=_now())
            ).rowcount
        return bool(changed)

    def covered(self, key_id: str) -> int:
        """Return how many recordings a retired key opens that an active main key opens too."""
        query = (
            select(func.count())
            .select_from(wrapped_keys)
            .where(wrapped_keys.c.key_id == key_id, _retired(key_id), _opened_by_a_main_key())
        )
        with self._database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def drop_covered(self, key_id: str, most: int) -> int:
        """Delete up to ``most`` wrapped keys that ``covered`` counts; return how many."""
        some = (
            select(wrapped_keys.c.recording_id)
            .where(wrapped_keys.c.key_id == key_id, _retired(key_id), _opened_by_a_main_key())
            .limit(most)
        )
        with self._database.writing() as connection:
            found = connection.scalars(some).all()
            connection.execute(
                delete(wrapped_keys).where(
                    wrapped_keys.c.recording_id.in_(found), wrapped_keys.c.key_id == key_id
                )
            )
        return len(found)

    def destroy(self, key_id: str) -> None:
        """Mark a retired key that opens nothing as destroyed. Raises ``VaultError``."""
        with self._database.writing() as connection:
            opens = _count(connection, key_id)
            if opens:
                raise VaultError(
                    f"key {key_id} alone opens {opens} recording(s): "
                    "rotate with it, or destroy those first"
                )
            changed = connection.execute(
                update(keys)
                .where(keys.c.id == key_id, keys.c.state != KeyState.ACTIVE)
                .values(state=KeyState.DESTROYED)
            ).rowcount
            if not changed:
                raise VaultError(f"key {key_id} is active: retire it first")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _just_after(moment: str) -> str:
    if not moment:
        return ""
    return (datetime.fromisoformat(moment) + timedelta(microseconds=1)).isoformat(
        timespec="microseconds"
    )


def _count(connection: Connection, key_id: str) -> int:
    query = select(func.count()).select_from(wrapped_keys).where(wrapped_keys.c.key_id == key_id)
    return int(connection.scalar(query) or 0)


def _retired(key_id: str) -> ColumnElement[bool]:
    return exists().where(keys.c.id == key_id, keys.c.state == KeyState.RETIRED)


def _opened_by(key_id: str) -> ColumnElement[bool]:
    other = wrapped_keys.alias()
    return exists().where(
        other.c.recording_id == wrapped_keys.c.recording_id, other.c.key_id == key_id
    )


def _opened_by_a_main_key() -> ColumnElement[bool]:
    other = wrapped_keys.alias()
    return exists().where(
        other.c.recording_id == wrapped_keys.c.recording_id,
        other.c.key_id == keys.c.id,
        keys.c.role == Role.MAIN,
        keys.c.state == KeyState.ACTIVE,
    )


def _info(row: Row[Any]) -> KeyInfo:
    return KeyInfo(
        key_id=row.id,
        label=row.label,
        role=Role(row.role),
        state=KeyState(row.state),
        created=datetime.fromisoformat(row.created),
        retired=None if row.retired is None else datetime.fromisoformat(row.retired),
        opens=row.opens,
    )
