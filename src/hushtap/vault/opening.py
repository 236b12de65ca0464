"""Opening what was sealed: the private key that fits, the data key, then the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.catalog import State
from hushtap.vault.files import reason
from hushtap.vault.keys import PRIVATE_NAME
from hushtap.vault.playback import Playback
from hushtap.vault.reader import open_recording
from hushtap.vault.waiting import WaitingMutes, silenced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from hushtap.vault.catalog import Catalog, RecordingInfo
    from hushtap.vault.keyring import KeyRing
    from hushtap.vault.keys import PrivateKey
    from hushtap.vault.reader import OpenedRecording
    from hushtap.vault.remuting import Remuting
    from hushtap.vault.sealedfiles import Sealed, SealedFiles

    T = TypeVar("T")


class PrivateKeys:
    """The private keys of one vault: the one that was named, or the vault's own.

    A key that was opened is kept, whoever acts.
    """

    def __init__(self, named: Path | None, passphrase: str | None) -> None:
        self._named = named
        self._passphrase = passphrase
        self._opened: dict[str, PrivateKey] = {}

    def one(self, keyring: KeyRing, wrapped: Mapping[str, bytes] | None = None) -> PrivateKey:
        """Return the private key that was named, or the vault's own that opens ``wrapped``.

        Raises:
            VaultError: it is missing, or does not open; or that cannot be put on record.
        """
        for key_id, private in self._opened.items():
            if wrapped is None or key_id in wrapped or self._named is not None:
                return private
        path = self._named or keyring.private_file(wrapped) or keyring.folder / PRIVATE_NAME
        private = keyring.open(path, self._passphrase)
        self._opened[private.public.key_id] = private
        return private


class Opener:
    """Opens recordings of one vault. That it is done is for the caller to put on record.

    Raises:
        VerificationError: from ``read``, ``check`` and ``playback``, where a file is not what
            was sealed.
        VaultError: from every method, where the keys of a recording were destroyed, the
            private key is missing or another, or the file cannot be read.
    """

    def __init__(
        self,
        catalog: Catalog,
        files: SealedFiles,
        remuting: Remuting,
        keyring: KeyRing,
        private_keys: PrivateKeys,
    ) -> None:
        self._waiting = WaitingMutes(catalog.database)
        self._catalog = catalog
        self._files = files
        self._remuting = remuting
        self._keyring = keyring
        self._private_keys = private_keys

    def has_key(self) -> None:
        """See that there is a private key and that it opens."""
        self._private_keys.one(self._keyring)

    def data_key(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> bytes:
        """Return the data key of a recording."""
        if not wrapped or info.state is State.DISPOSED:
            raise VaultError(f"recording {info.id}: its keys were destroyed; nothing opens it")
        private = self._private_keys.one(self._keyring, wrapped)
        if private.public.key_id not in wrapped:
            raise VaultError(
                f"private key {private.public.key_id} was given, but recording {info.id} "
                f"was sealed to key {' and '.join(sorted(wrapped))}; name that private key"
            )
        return private.unwrap(wrapped[private.public.key_id], info.id)

    def read(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> OpenedRecording:
        """Decrypt a recording into memory and check all of it; what is to be muted is silent."""
        # Before and after: one that comes meanwhile counts, and one that ended meanwhile may
        # still be in what was read.
        before = self._waiting.of(info.id)
        opened = self._unsealed(info, wrapped, _opened)
        return silenced(opened, (*self._waiting.of(info.id), *before))

    def check(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> RecordingInfo:
        """Decrypt a recording and check all of it; return what was sealed of it."""
        return self._unsealed(info, wrapped, _opened).info

    def playback(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> Playback:
        """Check all of a recording, and open it piece by piece; what is to be muted is silent."""
        waiting = self._waiting.of(info.id)
        playback = self._unsealed(info, wrapped, Playback)
        playback.silence((*waiting, *self._waiting.of(info.id)))
        return playback

    def _unsealed(
        self,
        info: RecordingInfo,
        wrapped: Mapping[str, bytes],
        open_it: Callable[[Sealed, Path, RecordingInfo, bytes], T],
    ) -> T:
        path = self._files.file(info.id)
        try:
            data_key = self.data_key(info, wrapped)
            return open_it(self._files.open(info.id), path, info, data_key)
        except VerificationError:
            # Perhaps another process has just exchanged the key, and then the file, or was
            # killed between the two.
            self._remuting.wait()
            info, wrapped = self._catalog.find(info.id)
        data_key = self.data_key(info, wrapped)
        self._remuting.place(info, data_key)
        return open_it(self._files.open(info.id), path, info, data_key)


def _opened(file: Sealed, path: Path, info: RecordingInfo, data_key: bytes) -> OpenedRecording:
    try:
        with file.stream() as stream:
            return open_recording(stream, path, info, data_key)
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
