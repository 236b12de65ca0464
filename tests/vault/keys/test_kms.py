"""Against moto's server: it proves what is asked and told, not how Amazon keeps its keys."""

from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from hushtap.errors import VaultError
from hushtap.vault.keyring import NewKey
from hushtap.vault.keys import load_private, protection_for
from hushtap.vault.recordings import Vault
from vault.keys.providers import assert_keeps_a_key, saved
from vault.rotations import main_key, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROVIDER = "awskms:///alias/hushtap"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def service(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - boto3's own
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL_KMS": address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("kms")
    key = client.create_key()["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName="alias/hushtap", TargetKeyId=key)
    yield client, key
    client.delete_alias(AliasName="alias/hushtap")
    client.close()


@pytest.mark.usefixtures("service")
def test_kms_keeps_a_key(tmp_path: Path) -> None:
    assert_keeps_a_key(tmp_path / "private.key", PROVIDER, None, "aws-kms")


def test_what_kms_sealed_is_bound_to_the_key_it_belongs_to(tmp_path: Path, service: Any) -> None:  # noqa: ANN401
    client, key = service
    private = saved(tmp_path / "private.key", PROVIDER)
    sealed = base64.b64decode(json.loads((tmp_path / "private.key").read_bytes())["secret"])
    context = {"hushtap": f"hushtap private key 1|{private.public.key_id}"}
    opened = client.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=context)
    assert opened["Plaintext"] == private.secret
    for other in ({}, {"hushtap": "hushtap private key 1|0000000000000000"}):
        with pytest.raises(client.exceptions.InvalidCiphertextException):
            client.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=other)


@pytest.mark.usefixtures("service")
def test_a_recorder_needs_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "kms.key"
    vault = Vault.create(tmp_path / "vault")
    early = record(vault)
    new = NewKey(place, protection_for(PROVIDER, None), None, "kms")
    vault.keyring.rotate(main_key(vault), new)
    with monkeypatch.context() as recorder:
        recorder.delenv("AWS_ACCESS_KEY_ID")
        recorder.delenv("AWS_SECRET_ACCESS_KEY")
        late = record(Vault.open(vault.path))
        with pytest.raises(VaultError, match="there are no AWS credentials"):
            Vault.open(vault.path, private_key=place).read(late)
    reader = Vault.open(vault.path, private_key=place)
    assert reader.read(early).complete
    assert reader.read(late).complete


def test_each_refusal_is_one_clear_line(
    tmp_path: Path,
    service: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, key = service
    path = tmp_path / "private.key"
    saved(path, PROVIDER)

    def refusal() -> str:
        with pytest.raises(VaultError) as caught:
            load_private(path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    document = json.loads(path.read_bytes())
    other = client.create_key()["KeyMetadata"]["KeyId"]
    path.write_text(json.dumps(document | {"kms_key": other}))
    assert refusal() == (
        f"KMS key {other}: these AWS credentials may not use it; "
        "ask for kms:Encrypt and kms:Decrypt"
    )
    path.write_text(json.dumps(document | {"kms_key": key}))
    load_private(path)
    with pytest.raises(VaultError, match="there is no such key; check id, account and region"):
        saved(tmp_path / "other.key", "awskms:///alias/absent")
    assert not (tmp_path / "other.key").exists()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    assert "the service does not answer (EndpointConnectionError)" in refusal()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "no AWS region is set" in refusal()


@pytest.mark.usefixtures("service")
def test_no_log_line_holds_the_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        key = saved(tmp_path / "private.key", PROVIDER)
        load_private(tmp_path / "private.key")
    assert base64.b64encode(key.secret).decode() not in caplog.text
    assert "Plaintext" not in caplog.text
