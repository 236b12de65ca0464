from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING

import pytest

from hushtap import doctor
from hushtap.doctor import Check, check_dependency, check_extra, check_python, check_vault, diagnose
from taps.conftest import public_folder, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["public_folder"]


def _by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_this_installation_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHTAP_CACHE", str(tmp_path))
    monkeypatch.delenv("HUSHTAP_MODELS", raising=False)
    checks = diagnose(tmp_path / "vault")
    assert [check for check in checks if not (check.ok or check.optional)] == []
    assert _by_name(checks)["weights tiny.en"].detail == "verified"
    assert _by_name(checks)["weights base"].ok
    assert all(bool(check.fix) != check.ok for check in checks)
    assert list(tmp_path.iterdir()) == []


def test_every_declared_dependency_is_looked_at() -> None:
    declared = importlib.metadata.requires("hushtap") or []
    runtime = [re.split(r"[^\w-]", line)[0] for line in declared if "extra ==" not in line]
    assert set(runtime) == set(doctor._DISTRIBUTIONS)


def test_extras_are_looked_at_as_a_whole() -> None:
    checks = _by_name(diagnose())
    assert checks["extra web"].ok
    assert checks["extra gateway"].optional
    absent = check_extra("no-such-thing")
    assert (absent.ok, absent.fix) == (False, "pip install 'hushtap[no-such-thing]'")


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_other_pythons_are_refused(version: tuple[int, int]) -> None:
    assert not check_python(version).ok
    assert check_python((3, 12)).ok


def test_absent_and_broken_dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_dependency("no-such-thing", "x").fix == "pip install no-such-thing"
    (tmp_path / "broken_native.py").write_text("raise OSError('libmissing.so')\n")
    monkeypatch.syspath_prepend(tmp_path)
    check = check_dependency("numpy", "broken_native")
    assert (check.ok, check.detail) == (False, "does not load (OSError)")


def test_damaged_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.en").mkdir()
    monkeypatch.setenv("HUSHTAP_MODELS", str(tmp_path))
    check = _by_name(diagnose())["weights tiny.en"]
    assert not check.ok
    assert not check.optional
    assert "config.json is missing" in check.detail


def test_vault_that_cannot_be_written(tmp_path: Path, public_folder: Path) -> None:
    assert check_vault(tmp_path / "a" / "b").ok
    (tmp_path / "file").touch()
    assert not check_vault(tmp_path / "file").ok
    with unprivileged():
        check = check_vault(public_folder / "vault")
    assert not check.ok
    assert "Permission denied" in check.detail
