"""The weights themselves, as installed: every refusal is shown on a real model folder."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from hushtap import models
from hushtap.errors import ModelError, UsageError
from hushtap.manifest import load_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TINY = "tiny.en"
FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
# As published by Systran for the pinned commits.
PUBLISHED = {
    TINY: "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the machine's own cache and settings out of these tests."""
    monkeypatch.setenv("HUSHTAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HUSHTAP_MODELS", raising=False)
    return tmp_path / "cache" / "models"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of tiny.en inside its package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUSHTAP_CACHE", str(tmp_path_factory.mktemp("empty")))
        patch.delenv("HUSHTAP_MODELS", raising=False)
        return models.resolve(TINY)


@pytest.fixture
def folder(tmp_path: Path, installed: Path) -> Path:
    """A copy of tiny.en that a test may damage (hard links where the disk allows)."""
    return _copy(installed, tmp_path / "models" / TINY)


def _copy(source: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    for name in FILES:
        try:
            os.link(source / name, target / name)
        except OSError as exc:
            if exc.errno not in {errno.EXDEV, errno.EPERM}:
                raise
            shutil.copyfile(source / name, target / name)
    return target


def _own_bytes(file: Path) -> Path:
    """Detach ``file`` from its hard link, so that the installed package stays whole."""
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data)
    return file


def _flip(file: Path, at: int) -> None:
    _own_bytes(file)
    with file.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ 1]))


def test_manifest_names_the_published_weights() -> None:
    manifest = load_manifest()
    assert {name: spec.files["model.bin"].sha256 for name, spec in manifest.items()} == PUBLISHED
    assert models.default_model() == TINY
    for spec in manifest.values():
        assert [source.type for source in spec.sources] == ["package", "folder", "hub"]
        assert set(spec.files) == set(FILES)
        assert spec.licence == "MIT"
        assert len(spec.sources[-1].revision) == 40


def test_tiny_is_used_where_its_package_lies(installed: Path, own_cache: Path) -> None:
    assert installed.name == "model"
    assert hashlib.sha256((installed / "model.bin").read_bytes()).hexdigest() == PUBLISHED[TINY]
    assert not own_cache.exists()


def test_base_is_assembled_from_its_parts_once(own_cache: Path) -> None:
    path = models.resolve("base")
    assert path == own_cache / "base"
    first = (path / "model.bin").stat()
    assert hashlib.sha256((path / "model.bin").read_bytes()).hexdigest() == PUBLISHED["base"]
    assert [entry.name for entry in own_cache.iterdir()] == ["base"], "staging left behind"
    assert models.resolve("base") == path
    assert models.fetch("base") == path
    assert (path / "model.bin").stat().st_mtime_ns == first.st_mtime_ns


def test_verify_accepts_name_and_path(folder: Path, installed: Path) -> None:
    assert models.verify(TINY) == installed
    assert models.verify(folder) == folder


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_refused(folder: Path, name: str) -> None:
    _flip(folder / name, (folder / name).stat().st_size // 2)
    with pytest.raises(ModelError, match=rf"{name} differs from tiny.en as published: .+") as got:
        models.verify(folder)
    assert "\n" not in str(got.value)
    assert got.value.exit_code == 3


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing: .+"):
        models.verify(folder)


@pytest.mark.parametrize("name", [".hidden", "vocabulary.json", "preprocessor_config.json"])
def test_extra_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("{}")
    with pytest.raises(ModelError, match=rf"{name} does not belong to tiny.en"):
        models.verify(folder)


def test_truncated_file_is_refused(folder: Path) -> None:
    file = _own_bytes(folder / "tokenizer.json")
    os.truncate(file, 1_000_000)
    with pytest.raises(ModelError, match=r"tokenizer.json has 1000000 bytes where tiny.en has"):
        models.verify(folder)


def test_link_is_refused_though_its_bytes_are_right(folder: Path, installed: Path) -> None:
    (folder / "vocabulary.txt").unlink()
    (folder / "vocabulary.txt").symlink_to(installed / "vocabulary.txt")
    with pytest.raises(ModelError, match=r"vocabulary.txt is not a plain file"):
        models.verify(folder)


def test_own_folder_is_preferred_and_never_passed_over(
    folder: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUSHTAP_MODELS", str(folder.parent))
    assert models.resolve(TINY) == folder
    _flip(folder / "config.json", 10)
    with pytest.raises(ModelError, match=r"config.json differs"):
        models.resolve(TINY)
    assert models.verify(installed) == installed, "the good copy elsewhere is no excuse"


def test_bad_cache_is_refused_then_replaced_on_request(installed: Path, own_cache: Path) -> None:
    bad = _copy(installed, own_cache / TINY)
    _flip(bad / "config.json", 10)
    with pytest.raises(ModelError, match=r"replace it with `hushtap models fetch tiny.en`"):
        models.resolve(TINY)
    assert models.fetch(TINY) == bad
    assert models.resolve(TINY) == bad
    assert [entry.name for entry in own_cache.iterdir()] == [TINY]


def test_fetch_from_a_folder(folder: Path, own_cache: Path) -> None:
    (folder / "README.md").write_text("as a hub clone has it")
    assert models.fetch(TINY, source=folder) == own_cache / TINY
    assert sorted(entry.name for entry in (own_cache / TINY).iterdir()) == sorted(FILES)


def test_two_at_once_agree(own_cache: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(models.fetch, TINY) for _ in range(2)]
    assert {task.result() for task in both} == {own_cache / TINY}
    assert models.verify(own_cache / TINY) == own_cache / TINY
    assert [entry.name for entry in own_cache.iterdir()] == [TINY]


def test_fetch_from_a_bad_folder_leaves_nothing(folder: Path, own_cache: Path) -> None:
    _flip(folder / "vocabulary.txt", 10)
    with pytest.raises(ModelError, match=r"vocabulary.txt differs .+ from another source"):
        models.fetch(TINY, source=folder)
    (folder / "vocabulary.txt").unlink()
    with pytest.raises(ModelError, match=r"vocabulary.txt cannot be read"):
        models.fetch(TINY, source=folder)
    assert list(own_cache.iterdir()) == []


def test_unknown_names_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"huge is neither a model .+: choose tiny.en, base"):
        models.resolve("huge")
    with pytest.raises(UsageError, match=r"no model is called huge: choose tiny.en, base"):
        models.fetch("huge")
    with pytest.raises(ModelError, match=r"model.bin is missing"):
        models.resolve(tmp_path)


def test_any_whisper_folder_is_taken_by_path_but_not_called_verified(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (own / name).write_text("{}")
    assert models.resolve(own) == own
    assert models.resolve(str(own)) == own
    with pytest.raises(ModelError, match=r"model.bin is no model of the manifest"):
        models.verify(own)
    (own / "vocabulary.json").unlink()
    with pytest.raises(ModelError, match=r"vocabulary.txt is missing"):
        models.resolve(own)


def test_status_tells_what_is_here_and_writes_nothing(
    own_cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny, base = models.status()
    assert (tiny.name, tiny.default, tiny.detail, tiny.size) == (TINY, True, "verified", 78090594)
    assert tiny.path is not None
    assert (base.name, base.path) == ("base", None)
    assert "assembled at first use" in base.detail
    assert not own_cache.exists()
    _flip(folder / "config.json", 10)
    monkeypatch.setenv("HUSHTAP_MODELS", str(folder.parent))
    tiny = models.status()[0]
    assert tiny.path is None
    assert "config.json differs" in tiny.detail


def test_unwritable_cache_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUSHTAP_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"cannot be written .+ set HUSHTAP_CACHE"):
        models.fetch(TINY)


def test_cache_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUSHTAP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert models.cache_folder() == tmp_path / "hushtap" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert models.cache_folder() == tmp_path / "home" / ".cache" / "hushtap" / "models"


# --- the hub, spoken to by the real client


class _Hub(BaseHTTPRequestHandler):
    """Serves one folder the way the hub serves a pinned commit."""

    def __init__(self, root: Path, seen: list[str], *args: object) -> None:
        self.root = root
        self.seen = seen
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        self.seen.append(self.path)
        prefix, _, name = self.path.rpartition("/")
        file = self.root / name
        if not file.is_file():
            self.send_error(404)
            return
        data = file.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", prefix.rpartition("/")[2])
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def hub(folder: Path) -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, folder, seen))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def _fetch_from_hub(endpoint: str, tmp_path: Path, **env: str) -> str:
    """Run a fetch in a process of its own: the client reads its settings once, at import."""
    code = (
        "from hushtap import models\n"
        "from hushtap.errors import ModelError\n"
        "try: print(models.fetch('tiny.en', source='hub'))\n"
        "except ModelError as exc: print('refused:', exc)\n"
    )
    settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **settings, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **env},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


def test_hub_serves_the_pinned_commit(
    hub: tuple[str, list[str]], tmp_path: Path, own_cache: Path
) -> None:
    endpoint, seen = hub
    assert _fetch_from_hub(endpoint, tmp_path) == str(own_cache / TINY)
    assert models.verify(own_cache / TINY) == own_cache / TINY
    revision = load_manifest()[TINY].sources[-1].revision
    files = {path for path in seen if "/resolve/" in path}
    assert files == {f"/Systran/faster-whisper-tiny.en/resolve/{revision}/{name}" for name in FILES}


def test_hub_that_serves_other_bytes_is_refused(
    hub: tuple[str, list[str]], tmp_path: Path, own_cache: Path, folder: Path
) -> None:
    endpoint, _ = hub
    _flip(folder / "config.json", 10)
    assert "config.json differs" in _fetch_from_hub(endpoint, tmp_path)
    assert list(own_cache.iterdir()) == []
    (folder / "config.json").unlink()
    assert "cannot be fetched (" in _fetch_from_hub(endpoint, tmp_path)
    assert list(own_cache.iterdir()) == []


def test_offline_means_offline(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    endpoint, seen = hub
    assert "HF_HUB_OFFLINE forbids" in _fetch_from_hub(endpoint, tmp_path, HF_HUB_OFFLINE="1")
    assert seen == []
