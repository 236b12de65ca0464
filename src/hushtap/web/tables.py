"""The tables of the desk's database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

SCHEMA: Final = 3
"""Of 2: all after ``comments``. Of 3: all after ``disposals``. What was there is as it was."""

metadata = MetaData()


def _key(kind: type[TypeEngine[Any]] = Integer, name: str = "id") -> Column[Any]:
    return Column(name, kind, primary_key=True)


def _given(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    """Return columns that every row has a value in."""
    return [Column(name, kind, nullable=False) for name in names]


def _sought(*names: str) -> list[Column[Any]]:
    """Return columns of text that rows are looked up by."""
    return [Column(name, String, nullable=False, index=True) for name in names]


def _owner(*, key: bool = False) -> Column[Any]:
    of = ForeignKey("accounts.name")
    return Column("account", of, primary_key=key, nullable=False, index=not key)


accounts = Table(
    "accounts",
    metadata,
    _key(String, "name"),
    *_given(String, "role", "password"),
    *_given(JSON, "queues", "agents"),
    # The password was set by somebody else: to be changed at the next sign-in.
    *_given(Boolean, "temporary", "disabled"),
    Column("totp", LargeBinary),
    *_given(Integer, "totp_step", "failures"),
    *_given(Float, "locked_until", "created"),
)
recovery = Table("recovery", metadata, _owner(key=True), _key(String, "code"))
sessions = Table(
    "sessions",
    metadata,
    _key(String),
    _owner(),
    *_given(String, "stage", "address", "browser"),
    *_given(Float, "created", "seen"),
)
flags = Table(
    "flags",
    metadata,
    _key(),
    *_sought("recording"),
    *_given(String, "kind", "state", "entity", "account"),
    *_given(Integer, "channel", "start", "end"),
    *_given(Float, "made"),
)
comments = Table(
    "comments",
    metadata,
    _key(),
    *_sought("recording"),
    *_given(String, "account"),
    *_given(Float, "made"),
    Column("at", Float),
    *_given(LargeBinary, "text"),
)
scores = Table(
    "scores",
    metadata,
    _key(),
    *_sought("recording", "account"),
    *_given(String, "form"),
    # By the id of the question.
    *_given(JSON, "answers"),
    *_given(Float, "made", "total"),
    UniqueConstraint("recording", "account"),
)
# Seconds of all channels together, as they were when somebody opened the recording.
muted = Table("muted", metadata, _key(String, "recording"), *_given(Float, "seconds"))
views = Table(
    "views",
    metadata,
    _owner(key=True),
    _key(String, "name"),
    *_given(JSON, "filters"),
)
passkeys = Table(
    "passkeys",
    metadata,
    _key(String),
    _owner(),
    *_given(String, "label", "host"),
    *_given(LargeBinary, "public_key"),
    *_given(Integer, "uses"),
    *_given(Float, "made"),
    Column("used", Float),
)
challenges = Table(
    "challenges",
    metadata,
    _key(String),
    *_given(String, "purpose"),
    *_given(Float, "made"),
)
tokens = Table(
    "tokens",
    metadata,
    _key(String),
    Column("digest", String, nullable=False, unique=True),
    _owner(),
    *_given(String, "label"),
    *_given(JSON, "scopes"),
    *_given(Float, "made", "expires"),
    Column("used", Float),
)
accesses = Table(
    "accesses",
    metadata,
    _key(),
    *_sought("account"),
    # A sign-in is of no recording.
    *_given(String, "kind", "recording", "queue", "address"),
    Column("made", Float, nullable=False, index=True),
)
alerts = Table(
    "alerts",
    metadata,
    _key(),
    *_given(String, "rule", "account", "address"),
    *_given(Integer, "amount"),
    *_given(Float, "made"),
    Column("settled_by", String),
    Column("settled", Float),
    # To the webhook, where there is one.
    *_given(Integer, "tries"),
    *_given(Float, "due"),
    Column("delivered", Float),
)
disposals = Table(
    "disposals",
    metadata,
    _key(),
    *_sought("recording"),
    *_given(String, "reason", "asked_by", "state"),
    *_given(Float, "asked"),
    Column("decided_by", String),
    Column("decided", Float),
)
cases = Table(
    "cases",
    metadata,
    # Of the flag that it is of.
    _key(),
    *_sought("recording"),
    *_given(JSON, "pattern"),
    *_given(Float, "made"),
    # Where the sound is kept: sealed, its key wrapped, and until when.
    Column("sound", LargeBinary),
    Column("wrapped", LargeBinary),
    Column("until", Float),
)
# Who signs in at a provider: an account for each subject of an issuer.
identities = Table(
    "identities",
    metadata,
    _key(String, "issuer"),
    _key(String, "subject"),
    _owner(),
)
# What a request for disposal is of, where it is of a caller rather than a recording.
erasures = Table(
    "erasures",
    metadata,
    _key(),
    # As it was given, until it is done.
    Column("caller", LargeBinary),
    # What came of it, signed.
    Column("statement", String),
)
access_reviews = Table(
    "access_reviews",
    metadata,
    _key(),
    *_sought("account"),
    *_given(String, "decision", "decided_by", "role"),
    *_given(Float, "made"),
)
