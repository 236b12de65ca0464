from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import UsageError
from hushtap.vault.keys import protection_for
from vault.keys.providers import assert_keeps_a_key

if TYPE_CHECKING:
    from pathlib import Path


def test_a_passphrase_keeps_a_key(tmp_path: Path) -> None:
    assert_keeps_a_key(tmp_path / "private.key", "passphrase", "tea and toast", "argon2id")


@pytest.mark.parametrize(
    ("provider", "secret", "told"),
    [
        ("passphrase", None, "needs a passphrase"),
        ("passphrase", "", "needs a passphrase"),
        ("usb", "x", "no provider 'usb'; there are passphrase, pkcs11:"),
        ("awskms://alias/x", None, "no provider"),
        ("awskms:///", None, "no provider"),
        ("hashivault://", None, "no provider"),
        ("hashivault://../sys/seal", None, "letters, digits"),
        ("pkcs11:token=a;object=b", None, "its PIN is needed"),
        ("pkcs11:token=a", "1", "say pkcs11:token=LABEL;object=LABEL"),
        ("pkcs11:token=a;object=", "1", "say pkcs11:token=LABEL;object=LABEL"),
        ("pkcs11:token=a;object=b;pin-value=1", "1", "and nothing else"),
        ("pkcs11:token=a;token=c;object=b", "1", "and nothing else"),
    ],
)
def test_what_is_no_provider_is_refused(provider: str, secret: str | None, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        protection_for(provider, secret)


@pytest.mark.parametrize(
    ("package", "provider", "extra"),
    [
        ("pkcs11", "pkcs11:token=a;object=b", "hsm"),
        ("boto3", "awskms:///alias/a", "kms"),
        ("hvac", "hashivault://a", "transit"),
    ],
)
def test_a_missing_extra_is_one_line_with_the_fix(package: str, provider: str, extra: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from hushtap.errors import VaultError\n"
        "from hushtap.vault.keys import protection_for\n"
        "try:\n"
        f"    protection_for({provider!r}, '1234')\n"
        "except VaultError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert f"pip install 'hushtap[{extra}]'" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_a_recorder_loads_no_provider(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hushtap.values import AudioFormat\n"
        "from hushtap.vault.recordings import Vault\n"
        "vault = Vault.create(Path(sys.argv[1]))\n"
        "vault.record(AudioFormat(8000, 1), source='', policy='').close()\n"
        "print({'pkcs11', 'boto3', 'hvac'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "v")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
