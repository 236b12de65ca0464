"""The register of breaches: what GDPR 33(3) asks of each, signed at every step.

::

    VAULT/breaches/ID/001.txt             the first signed statement; 002 amends it, and so on
    VAULT/breaches/ID/affected.jsonl      every recording it names by number and SHA-256

Each statement is on record in the audit log by its hash before it is written, so
that one that was changed, or taken away, is found.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from hushtap.errors import UsageError, VaultError, VerificationError
from hushtap.vault import statements
from hushtap.vault.audit.events import Activity, Change, Kind, Outcome, Thing, canonical, unpack
from hushtap.vault.audit.reading import reading
from hushtap.vault.audit.signing import VKEY_NAME, load_verifier
from hushtap.vault.details import looks_sensitive
from hushtap.vault.exposure import Affected, Scope, affected
from hushtap.vault.files import PRIVATE_FOLDER, reason, sole_use, sync_folder, whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.catalog import Catalog

FOLDER: Final = "breaches"
TERM: Final = timedelta(hours=72)
"""GDPR 33(1): from the moment on which one is aware of it."""
LONGEST: Final = 1000
"""Characters of one answer: a statement stays readable by whoever reads notes."""
MOST_NAMED: Final = 500
"""Recordings that stand in the statement itself."""

_LIST: Final = "affected.jsonl"


@dataclass(frozen=True, slots=True)
class Answers:
    """What 33(3) asks for beside the numbers, each ``None`` until it is known.

    ``nature`` is (a), ``contact`` (b), ``consequences`` (c), ``measures`` (d); ``delay``
    why the authority was told late, 33(1). ``notified`` is when it was (ISO 8601, with
    its zone), ``no_notice`` why it need not be.

    Raises:
        UsageError: an answer is empty, too long, or has a card number or SSN in it.
    """

    nature: str | None = None
    contact: str | None = None
    consequences: str | None = None
    measures: str | None = None
    delay: str | None = None
    notified: str | None = None
    no_notice: str | None = None

    def __post_init__(self) -> None:
        """Refuse what must not be stored, without telling it."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None:
                continue
            if not value.strip() or len(value) > LONGEST:
                raise UsageError(f"{one.name}: give 1 to {LONGEST} characters")
            if looks_sensitive(value):
                raise UsageError(f"{one.name}: has what looks like a card number or an SSN in it")
        try:
            zone = self.notified is None or datetime.fromisoformat(self.notified).tzinfo
        except ValueError:
            zone = None
        if not zone:
            raise UsageError("notified: give a time as 2026-11-01T09:00:00+00:00")


REQUIRED: Final = ("nature", "contact", "consequences", "measures")


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach as its last statement has it. Times are UTC, ISO 8601.

    ``recordings``, ``callers`` and ``without_caller`` count; ``keys_used`` are keys that
    the accounts and hosts had in use, and which may be lost with them.
    """

    id: str
    state: str
    aware: str
    revision: int
    scope: dict[str, Any]
    answers: Answers
    recordings: int
    callers: int
    without_caller: int
    keys_used: tuple[str, ...]
    named: tuple[str, ...]
    digest: str

    @property
    def due(self) -> datetime:
        """When the authority is to be told."""
        return datetime.fromisoformat(self.aware) + TERM

    @property
    def missing(self) -> tuple[str, ...]:
        """What is still to be answered."""
        answers = self.answers
        lacks = [name for name in REQUIRED if getattr(answers, name) is None]
        if answers.notified is None and answers.no_notice is None:
            lacks.append("notified")
        late = answers.notified is not None and self.due < datetime.fromisoformat(answers.notified)
        if late and answers.delay is None:
            lacks.append("delay")
        return tuple(lacks)

    def as_json(self) -> dict[str, Any]:
        """Return it as its statement has it."""
        body = asdict(self)
        body["answers"] = {name: said for name, said in body["answers"].items() if said is not None}
        body["keys_used"], body["named"] = list(self.keys_used), list(self.named)
        return body


class Breaches:
    """The register of one vault.

    Raises:
        VaultError: from every method, where the log, its signing key, the catalog or the
            disk cannot be used.
    """

    def __init__(self, vault: Path, catalog: Catalog, journal: Journal, log: VaultLog) -> None:
        self._folder = vault / FOLDER
        self._verifier = vault / "keys" / VKEY_NAME
        self._catalog = catalog
        self._journal = journal
        self._log = log

    def affected(self, scope: Scope) -> Affected:
        """Return what was in reach, once it is on record that one looks; see ``exposure``."""
        with self._journal.act(Activity.REPORT, Thing(Kind.VAULT, self._log.origin)):
            return affected(self._catalog, self._log.path, scope)

    def open(self, scope: Scope, answers: Answers, aware: datetime | None = None) -> Breach:
        """Enter a breach, with the recordings that were in reach until now.

        Raises:
            VaultError: there is no signing key here, and nothing was entered.
        """
        # What cannot be signed for is not begun.
        self._log.sign("hushtap/trial/1\n")
        now = datetime.now(UTC)
        scope = scope if scope.until is not None else replace(scope, until=now)
        found = self.affected(scope)
        lines = b"".join(canonical(one.as_json()) + b"\n" for one in found.recordings)
        with self._alone():
            identity = self._next(now.year)
            breach = Breach(
                *(identity, "open", _stamp(aware or now), 1, _packed(scope), answers),
                *(len(found.recordings), found.callers, found.without_caller, found.keys_used),
                named=tuple(one.recording_id for one in found.recordings[:MOST_NAMED]),
                digest=hashlib.sha256(lines).hexdigest(),
            )
            self._write(breach, Change.OPEN, lines)
        return breach

    def amend(self, identity: str, **said: str | None) -> Breach:
        """Add or change answers of an open breach: 33(4), in phases. Raises ``VaultError``."""
        with self._alone():
            breach = self._opened(identity)
            answers = replace(breach.answers, **{k: v for k, v in said.items() if v is not None})
            amended = replace(breach, answers=answers, revision=breach.revision + 1)
            self._write(amended, Change.AMEND)
        return amended

    def close(self, identity: str) -> Breach:
        """Close a breach of which all is answered. Raises ``VaultError``: something is missing."""
        with self._alone():
            breach = self._opened(identity)
            if breach.missing:
                raise VaultError(f"{identity}: still to be answered: {', '.join(breach.missing)}")
            closed = replace(breach, state="closed", revision=breach.revision + 1)
            self._write(closed, Change.CLOSE)
        return closed

    def all(self) -> list[Breach]:
        """Return all breaches, oldest first.

        Raises:
            VerificationError: one that the log tells of is not there, or not as it was signed.
        """
        logged = self._logged()
        return [self._read(identity, logged[identity]) for identity in sorted(logged)]

    def get(self, identity: str) -> Breach:
        """Return one breach, each of its statements checked.

        Raises:
            VerificationError: a statement is missing, or not as it was signed.
            VaultError: there is none.
        """
        logged = self._logged()
        if identity not in logged:
            raise VaultError(f"{identity}: no such breach; list them")
        return self._read(identity, logged[identity])

    def lines(self, breach: Breach) -> bytes:
        """Return the list of all that was in reach, as JSON lines. Raises ``VerificationError``."""
        content = self._content(self._folder / breach.id / _LIST)
        if hashlib.sha256(content).hexdigest() != breach.digest:
            self._damaged(self._folder / breach.id / _LIST)
        return content

    def _opened(self, identity: str) -> Breach:
        breach = self.get(identity)
        if breach.state != "open":
            raise VaultError(f"{identity}: is closed; enter what came after as another")
        return breach

    def _write(self, breach: Breach, change: Change, lines: bytes | None = None) -> None:
        text = statements.sign(self._log, statements.About.BREACH, breach.as_json())
        digest = hashlib.sha256(text.encode()).hexdigest()
        things = (Thing(Kind.CASE, breach.id), Thing(Kind.OBJECT, f"sha256:{digest}"))
        folder = self._folder / breach.id
        with self._journal.act(Activity.BREACH, *things, change=change):
            try:
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
                sync_folder(self._folder)
            except OSError as error:
                raise VaultError(f"{folder}: cannot be made ({reason(error)})") from None
            if lines is not None:
                with whole_file(folder / _LIST, replace=True) as file:
                    file.write(lines)
            # What a process that was killed left under this number was never entered.
            with whole_file(folder / f"{breach.revision:03}.txt", replace=True) as file:
                file.write(text.encode())

    def _alone(self) -> Any:  # noqa: ANN401 - a context manager
        try:
            self._folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            raise VaultError(f"{self._folder}: cannot be made ({reason(error)})") from None
        return sole_use(self._folder / "register.lock")

    def _next(self, year: int) -> str:
        taken = [name for name in self._logged() if name.startswith(f"breach-{year}-")]
        return f"breach-{year}-{len(taken) + 1:03}"

    def _logged(self) -> dict[str, list[str]]:
        """Return the hashes of the statements of each breach, as the log has them."""
        found: dict[str, list[str]] = {}
        with reading(self._log.path) as log:
            for entry in log.entries_with(b'"activity":"breach"'):
                fields_ = unpack(entry)
                if fields_["outcome"] == Outcome.SUCCESS and fields_["activity"] == Activity.BREACH:
                    things = {thing["kind"]: thing["id"] for thing in fields_["objects"]}
                    found.setdefault(things[Kind.CASE], []).append(things[Kind.OBJECT])
        return found

    def _read(self, identity: str, digests: list[str]) -> Breach:
        verifier = load_verifier(self._verifier)
        for number, digest in enumerate(digests, 1):
            path = self._folder / identity / f"{number:03}.txt"
            content = self._content(path)
            if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
                self._damaged(path)
            about, body = statements.read(content.decode(), verifier)
            if about is not statements.About.BREACH:
                self._damaged(path)
        body["answers"] = Answers(**body["answers"])
        body["keys_used"], body["named"] = tuple(body["keys_used"]), tuple(body["named"])
        return Breach(**body)

    def _content(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise VerificationError(
                f"{path}: cannot be read ({reason(error)}), and the audit log tells of it; "
                "restore it from a backup"
            ) from None

    def _damaged(self, path: Path) -> NoReturn:
        raise VerificationError(f"{path}: is not what was entered; restore it from a backup")


def _packed(scope: Scope) -> dict[str, Any]:
    return {
        "accounts": list(scope.accounts),
        "hosts": list(scope.hosts),
        "keys": list(scope.keys),
        "since": None if scope.since is None else _stamp(scope.since),
        "until": None if scope.until is None else _stamp(scope.until),
    }


def _stamp(moment: datetime) -> str:
    at = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
