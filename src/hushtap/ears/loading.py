"""Both ears of a model, loaded from verified files."""

from __future__ import annotations

import atexit
import functools
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap import models
from hushtap.ears.engine import Engine
from hushtap.ears.spotter import Spotter

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Weights:
    """Verified weights. ``identity`` names them in what they made: other weights, another one."""

    folder: Path
    spotter: Path | None
    identity: str

    def load(self, *, workers: int = 2) -> Engine:
        """Return the engine that hears with them.

        The first one of a process takes what there is by then out of the collector's sight.

        Raises:
            ModelError: they cannot be loaded.
        """
        spotter = Spotter(self.spotter) if self.spotter else None
        engine = Engine(self.folder, identity=self.identity, spotter=spotter, workers=workers)
        _spare_the_collector()
        return engine


@functools.cache
def _spare_the_collector() -> None:
    """Let the collector pass over what is imported and loaded by now; once a process.

    It stays as long as the process, and to look at all of it, again and again, costs a batch
    2 % of its CPU. At the end it is given back: extensions tell on stderr of what is never
    collected.
    """
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)


def find_weights(model: str | Path | None = None) -> Weights:
    """Return the weights of a model, with the digit spotter where one was trained for it.

    ``model`` is a name of the manifest (default: its default) or a CTranslate2
    Whisper folder, which has no spotter: then the words alone decide.

    Raises:
        ModelError: a file is missing or is not what the manifest says.
    """
    name = models.default_model() if model is None else model
    folder, spotter = models.resolve(name), models.resolve_spotter(name)
    return Weights(folder, spotter, models.identity(name))


def load_engine(model: str | Path | None = None, *, workers: int = 2) -> Engine:
    """Return the engine of a model; see ``find_weights``."""
    return find_weights(model).load(workers=workers)
