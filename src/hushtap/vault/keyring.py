"""The keys of a vault at work: what seals, what opens, and how one key takes over from another.

Public halves are files ``keys/*.pub``, and only those: a row in the catalog alone
cannot make a recorder seal to somebody. The catalog says which of them are active.
A key changes hands in this order, and what was killed in between goes on from where
it stood when it is begun again:

1. The new pair is on disk, then its row: from here on new recordings are sealed
   to the old key and to the new one.
2. Every recording is sealed to the new key as well. The files stay as they are.
3. The new private half, as read back from where it is kept, opens each of them.
4. The old key retires. What the new one opens is taken from it.

Each change, and each opening of a private key, is in the audit log before it happens.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.files import reason, sole_use_or_refusal, sync_folder
from hushtap.vault.keymaking import NewKey, Plan, planned
from hushtap.vault.keys import (
    PrivateKey,
    PublicKey,
    load_private,
    load_public,
    look_at,
    private_files,
    save_public,
)
from hushtap.vault.keytable import KeyInfo, KeyState, KeyTable, Role
from hushtap.vault.rewrapping import prove, seal_to_all, take_covered

__all__ = ["Handover", "KeyInfo", "KeyRing", "KeyState", "NewKey", "Role"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.database import Database


@dataclass(frozen=True, slots=True)
class Handover:
    """What became of a rotation: the key that opens now, and how many recordings it took over.

    ``left`` counts those whose wrapped key did not open: they stay with the retired key.
    """

    key_id: str
    taken: int
    left: int
    retired: tuple[str, ...]


class KeyRing:
    """The keys of one vault.

    Every method raises ``VaultError`` where the catalog refuses, or where what it
    changes or opens cannot be logged first.
    """

    def __init__(self, folder: Path, database: Database, journal: Journal) -> None:
        self.folder = folder
        self._journal = journal
        self._table = KeyTable(database)
        self._public: dict[str, PublicKey] = {}

    def list(self) -> tuple[KeyInfo, ...]:
        """Return all keys, oldest first."""
        return self._table.list()

    def recipients(self) -> tuple[PublicKey, ...]:
        """Return the keys that a new recording is sealed to.

        Raises:
            VaultError: there is none, or the public half of one is missing.
        """
        active = self._table.active()
        if not active:
            raise VaultError(f"{self.folder}: no key here; make one with hushtap keys init")
        return tuple(self.recipient(key_id) for key_id in active)

    def recipient(self, key_id: str) -> PublicKey:
        """Return the public half of an active key.

        Raises:
            VaultError: its file is missing, as it is once the key has retired.
        """
        if key_id not in self._public:
            for path in sorted(self.folder.glob("*.pub")):
                with suppress(VaultError):
                    key = load_public(path)
                    self._public[key.key_id] = key
        if key_id not in self._public:
            raise VaultError(
                f"{self.folder}: the public half of key {key_id} is missing or damaged; "
                "put the vault's public key back"
            )
        return self._public[key_id]

    def private_file(self, key_ids: Mapping[str, object] | None = None) -> Path | None:
        """Return the vault's own file of a private key, main keys and new ones first.

        Only of one in ``key_ids``, where these are given; ``None`` where there is none.
        """
        order = sorted(
            self._table.list(), key=lambda key: (key.role is Role.MAIN, key.created), reverse=True
        )
        wanted = [key.key_id for key in order if key_ids is None or key.key_id in key_ids]
        files = private_files(self.folder)
        return next((files[key_id] for key_id in wanted if key_id in files), None)

    def open(self, path: Path, passphrase: str | None = None) -> PrivateKey:
        """Open the private key file at ``path``. ``passphrase`` is a token's PIN where one has it.

        Raises:
            VaultError: absent, not such a key, or what protects it does not open it.
        """
        key = Thing(Kind.KEY, look_at(path).key_id)
        with self._journal.act(Activity.KEY_USE, key):
            return load_private(path, passphrase)

    def add(self, new: NewKey, role: Role) -> str:
        """Make a key, or take the one at ``new.path``, and seal to it from now on; return its id.

        Raises:
            VaultError: its files cannot be written, or the vault has a main key already.
        """
        with self._sole_use():
            mains = [key for key in self._table.list() if _is_active_main(key)]
            if role is Role.MAIN and mains:
                raise VaultError(
                    f"{self.folder}: key {mains[0].key_id} is the main key already; rotate it"
                )
            return self._add(planned(new), new.label, role).public.key_id

    def unfinished(self) -> str | None:
        """Return the key that an interrupted rotation was to end with, if there is one."""
        known = self._table.list()
        mains = [key.key_id for key in known if _is_active_main(key)]
        retired = [key.key_id for key in known if key.state is KeyState.RETIRED]
        begun = len(mains) > 1 or any(self._table.covered(key_id) for key_id in retired)
        return mains[-1] if mains and begun else None

    def rotate(
        self,
        opener: PrivateKey,
        to: NewKey | PrivateKey,
        *,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> Handover:
        """Let a new main key take over from all others, by means of ``opener``.

        ``opener`` is the main key or an escrow key. ``to`` is a key to be made or, where
        a rotation is ``unfinished``, the private half of the key it is to end with, as
        read from where it is kept. ``progress`` is told how many recordings are done,
        of how many. Recorders go on; each active key opens every recording in the end.

        Raises:
            VaultError: another process changes keys, ``opener`` is none of this
                vault's, ``to`` is not what is due, or does not open what was sealed to it.
        """
        with self._sole_use():
            self._known(opener.public.key_id)
            due = self.unfinished()
            if not isinstance(to, NewKey):
                if to.public.key_id != due:
                    raise VaultError(
                        f"key {to.public.key_id} is not the one that a rotation is to end with, "
                        f"which is {due}; name its file"
                    )
                with self._taking_over(due, opener):
                    return self._take_over(opener, to, progress)
            if due is not None:
                raise VaultError(f"{self.folder}: a rotation to key {due} is to be finished")
            plan = planned(to)
            with self._taking_over(plan.key_id, opener):
                private = self._add(plan, to.label, Role.MAIN)
                return self._take_over(opener, private, progress)

    def retire(self, key_id: str) -> None:
        """Make a key seal nothing any more, and open only what no active main key opens.

        Raises:
            VaultError: it is unknown or the only main key.
        """
        with self._sole_use():
            self._known(key_id)
            with self._changing(Change.RETIRE, key_id):
                self._retire(key_id)

    def destroy(self, key_id: str) -> None:
        """Note that a retired key is gone, and delete its private half where the vault has it.

        Raises:
            VaultError: it is unknown, active, or a recording would be lost with it.
        """
        with self._sole_use():
            self._known(key_id)
            with self._changing(Change.DESTROY, key_id):
                self._table.destroy(key_id)
                path = private_files(self.folder).get(key_id)
                if path is not None:
                    self._change(path.unlink)

    def known(self, beginning: str) -> str:
        """Return the id of the one key that begins so. Raises ``VaultError``."""
        found = [key.key_id for key in self.list() if key.key_id.startswith(beginning)]
        if len(found) != 1:
            what = "several keys begin" if found else "no key begins"
            raise VaultError(f"{self.folder}: {what} with {beginning!r}; list the vault's keys")
        return found[0]

    def _known(self, key_id: str) -> None:
        if key_id not in {key.key_id for key in self._table.list()}:
            raise VaultError(f"{self.folder}: no key {key_id}; list the vault's keys")

    def _changing(self, change: Change, *key_ids: str) -> AbstractContextManager[int]:
        things = [Thing(Kind.KEY, key_id) for key_id in key_ids]
        return self._journal.act(Activity.KEY_CHANGE, *things, change=change)

    def _taking_over(self, target: str, opener: PrivateKey) -> AbstractContextManager[int]:
        """Log that ``target`` takes over from main keys, by means of ``opener``."""
        opened_by, known = opener.public.key_id, self._table.list()
        old = {key.key_id for key in known if _is_active_main(key)} | {opened_by}
        roles = {key.key_id: key.role for key in known}
        change = Change.RECOVER if roles[opened_by] is Role.ESCROW else Change.ROTATE
        return self._changing(change, target, *sorted(old - {target}))

    def _add(self, plan: Plan, label: str, role: Role) -> PrivateKey:
        with self._changing(Change.ADD, plan.key_id):
            key = plan.make()
            public = self.folder / f"{plan.key_id}.pub"
            if not public.exists():
                save_public(key.public, public)
            self._table.add(plan.key_id, label, role)
        return key

    def _take_over(
        self, opener: PrivateKey, to: PrivateKey, progress: Callable[[int, int], None]
    ) -> Handover:
        target = to.public.key_id
        recipients = [self.recipient(key_id) for key_id in self._table.active()]
        taken, left = seal_to_all(self._table, opener, recipients, target, progress)
        prove(self._table, to)
        old = [
            key.key_id
            for key in self._table.list()
            if key.key_id != target and (key.role is Role.MAIN or key.state is KeyState.RETIRED)
        ]
        retired = [key_id for key_id in old if self._retire(key_id)]
        return Handover(target, taken, left, tuple(retired))

    def _retire(self, key_id: str) -> bool:
        """Retire a key and take from it what is covered; return whether there was any of both."""
        changed = self._table.retire(key_id)
        self._public.pop(key_id, None)
        for path in sorted(self.folder.glob("*.pub")):
            with suppress(VaultError):
                if load_public(path).key_id == key_id:
                    self._change(partial(path.rename, f"{path}.retired"))
        return take_covered(self._table, key_id) or changed

    def _change(self, act: Callable[[], object]) -> None:
        try:
            act()
            sync_folder(self.folder)
        except OSError as error:
            raise VaultError(f"{self.folder}: cannot be changed ({reason(error)})") from None

    @contextmanager
    def _sole_use(self) -> Iterator[None]:
        lock = self.folder / "keys.lock"
        try:
            with sole_use_or_refusal(lock):
                yield
        except BlockingIOError:
            raise VaultError(
                f"{self.folder}: another process is changing keys; wait for its end"
            ) from None
        except OSError as error:
            raise VaultError(f"{lock}: cannot be written ({reason(error)})") from None


def _is_active_main(key: KeyInfo) -> bool:
    return key.role is Role.MAIN and key.state is KeyState.ACTIVE
