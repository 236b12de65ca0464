"""Both ears of a model, loaded from verified files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hushtap import models
from hushtap.ears.engine import Engine
from hushtap.ears.spotter import Spotter

if TYPE_CHECKING:
    from pathlib import Path


def load_engine(model: str | Path | None = None, *, workers: int = 2) -> Engine:
    """Return the engine of a model, with the digit spotter where one was trained for it.

    ``model`` is a name of the manifest (default: its default) or a CTranslate2
    Whisper folder, which has no spotter: then the words alone decide.

    Raises:
        ModelError: a file is missing or is not what the manifest says.
    """
    name = models.default_model() if model is None else model
    spotter = models.resolve_spotter(name)
    return Engine(
        models.resolve(name), spotter=Spotter(spotter) if spotter else None, workers=workers
    )
