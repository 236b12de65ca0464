"""Archives of calls in the tone language of ``test_check``, each with a number said in it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from hushtap.batch import Redactor
from hushtap.check import Checker
from hushtap.importing import Importer
from hushtap.outputs import sha256_of
from hushtap.pii.policy import load_policy
from hushtap.pii.recognizers import SpokenAnalyzer
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.audit.reading import reading
from hushtap.vault.audit.signing import VKEY_NAME, load_verifier
from hushtap.vault.audit.verify import verify
from hushtap.vault.keymaking import NewKey
from hushtap.vault.keys import Unprotected, load_private
from hushtap.vault.recordings import State, Vault
from test_check import RATE, DeafEar, ToneEar, spoken

NUMBER = "five three six two two one two three four"


class Archive:
    """``archive/`` with calls, and ``vault/``; ``undo.key`` beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self.vault = folder / "vault"
        self.undo_key = folder / "undo.key"

    def files(self) -> list[Path]:
        """Return the calls that are left, but for what is hidden."""
        return sorted(path for path in self.archive.rglob("*.wav") if path.name[0] != ".")

    def brought_back(self, digest: str) -> bool:
        """Return whether the original of that SHA-256 can be had, and what replaced it be read."""
        vault = Vault.open(self.vault)
        private = load_private(self.undo_key)
        found = [kept for kept in vault.life.undo.list() if kept.digest == digest]
        with tempfile.TemporaryDirectory() as place:
            for kept in found:
                to = vault.life.undo.restore(kept.item, private, Path(place) / kept.item)
                assert sha256_of(to) == digest
                assert vault.read(kept.recording).complete
        return len(found) == 1

    def check(self, digests: dict[str, str]) -> None:
        """See that an import that ended left one checked recording of each call, and no call."""
        assert self.files() == []
        vault = Vault.open(self.vault)
        closed = [info for info in vault.list() if info.state is State.CLOSED]
        assert len(closed) == len(digests)
        assert all(info.state in {State.CLOSED, State.DISPOSED} for info in vault.list())
        # A recorder that died at once may leave a file of which nothing is known or readable.
        problems = [result.problem for result in vault.verify() if not result.ok]
        assert all("not in the catalog" in str(problem) for problem in problems), problems
        assert all(self.brought_back(digest) for digest in digests.values())
        with reading(self.vault / LOG_NAME) as log:
            assert verify(log, load_verifier(self.vault / "keys" / VKEY_NAME), []).problems == []


def archive_in(folder: Path, calls: int = 1) -> Archive:
    """Make an archive of so many calls, and a vault with an undo key."""
    made = Archive(folder)
    made.archive.mkdir(parents=True)
    for number in range(calls):
        asked = spoken((1.0, "what is your social security number"), seconds=8)
        said = spoken((4.0, NUMBER), seconds=8, room=2.0 + number)
        soundfile.write(made.archive / f"{number}.wav", np.stack([asked, said], axis=1), RATE)
    vault = Vault.create(made.vault)
    vault.life.undo.make_key(NewKey(made.undo_key, Unprotected(), None, "undo"))
    return made


@cache
def load() -> SpokenAnalyzer:
    """Load what takes time, once."""
    return SpokenAnalyzer(load_policy("pci-ssn").entities)


def importer_of(
    folder: Path, *, deaf: bool = False, replace: bool = True, undo_days: int = 30
) -> Importer:
    """Return what imports into the vault in ``folder``; ``deaf`` redacts nothing at all."""
    return Importer(
        Vault.open(folder / "vault"),
        lambda call, began: Redactor(
            ear=DeafEar() if deaf else ToneEar(), at_once=1, call=call, began=began
        ),
        Checker(ToneEar(), load_policy("pci-ssn"), load()),
        replace=replace,
        undo_days=undo_days,
    )
