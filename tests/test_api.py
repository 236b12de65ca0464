from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import hushtap


def test_every_public_name_is_there() -> None:
    for name in hushtap.__all__:
        assert getattr(hushtap, name) is not None
    assert dir(hushtap) == sorted(hushtap.__all__)
    assert len(hushtap.__all__) <= 16


def test_names_are_those_of_their_modules() -> None:
    from hushtap.batch import redact  # noqa: PLC0415
    from hushtap.session import Session  # noqa: PLC0415

    assert hushtap.redact is redact
    assert hushtap.Session is Session
    assert hushtap.__version__ == version("hushtap")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'unredact'"):
        hushtap.unredact  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, hushtap; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(out.stdout.split())
    assert "hushtap" in loaded
    assert not loaded & {"numpy", "ctranslate2", "presidio_analyzer", "sqlalchemy", "av"}
