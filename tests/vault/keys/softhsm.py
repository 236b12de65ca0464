"""A SoftHSM token for one test."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hushtap.vault.keys.token import MODULE

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL = "the safe"
PIN = "27182818"
PROVIDER = "pkcs11:token=the%20safe;object=hushtap"

needs_softhsm = pytest.mark.skipif(
    not SOFTHSM.exists(), reason="needs SoftHSM (scripts/setup.sh --peers, as root)"
)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token ``the safe`` with a PIN; return the folder it lies in."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    (tmp_path / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    monkeypatch.setenv(MODULE, str(SOFTHSM))
    make_token()
    return folder


def make_token() -> None:
    """Make one more token of that label and PIN."""
    command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN]
    subprocess.run([*command, "--so-pin", "31415926"], check=True, stdout=subprocess.DEVNULL)
