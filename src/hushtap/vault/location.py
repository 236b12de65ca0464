"""Where the parts of a vault lie: in its folder, or where ``vault.toml`` says.

::

    catalog = "postgresql://hushtap@db.internal/calls?sslmode=verify-full"
    objects = "s3://calls/2026?endpoint=https://s3.internal:9000"

There is no secret in it: PostgreSQL's library takes its password from ``PGPASSWORD`` or
from the passfile (``~/.pgpass``, or the file that ``PGPASSFILE`` names), the credentials
of an object store are those of the environment (``objects``).
"""

from __future__ import annotations

import errno
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hushtap.errors import UsageError, VaultError
from hushtap.vault.files import PRIVATE_FOLDER, reason, whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS: Final = "vault.toml"
CATALOG: Final = "catalog.db"

_SCHEMES: Final = ("postgresql://", "postgres://")
_KEYS: Final = {"catalog", "objects"}

_NOWHERE: Final = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
"""There are no settings where there can be no vault; its maker says that better."""


def catalog_place(vault: Path) -> Path | str:
    """Return the file of a vault's catalog, or the URL of its database.

    Raises:
        VaultError: ``vault.toml`` cannot be read or is wrong.
    """
    url = _settings(vault).get("catalog")
    if url is None:
        return vault / CATALOG
    if not isinstance(url, str) or not url.startswith(_SCHEMES):
        raise VaultError(f"{vault / SETTINGS}: catalog must be a postgresql:// URL")
    return url


def objects_place(vault: Path) -> str | None:
    """Return the URL of a vault's object store, ``None`` where its files stay in its folder.

    Raises:
        VaultError: ``vault.toml`` cannot be read or is wrong.
    """
    url = _settings(vault).get("objects")
    if url is not None and not isinstance(url, str):
        raise VaultError(f"{vault / SETTINGS}: objects must be an s3:// URL")
    return url


def _settings(vault: Path) -> dict[str, object]:
    path = vault / SETTINGS
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if error.errno in _NOWHERE:
            return {}
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
    except (ValueError, RecursionError):
        # Its own message quotes the line, which may hold a password.
        raise VaultError(
            f"{path}: not valid TOML; its lines are catalog = URL, objects = URL"
        ) from None
    _known(path, found)
    return found


def has_catalog(vault: Path) -> bool:
    """Return whether there is a vault, or its part in a database.

    Raises:
        VaultError: the settings are wrong, or the database cannot be asked.
    """
    place = catalog_place(vault)
    if isinstance(place, Path):
        return place.exists()
    from hushtap.vault.database import Database  # noqa: PLC0415 - a file needs no SQLAlchemy

    return Database(place, create=True).exists()


def set_catalog(vault: Path, url: str) -> None:
    """Let the catalog of a vault that is about to be made lie in the database at ``url``.

    Raises:
        UsageError: ``url`` is no PostgreSQL URL, or has a password in it.
        VaultError: there is a catalog already, or the settings cannot be written.
    """
    from hushtap.vault.postgres import checked  # noqa: PLC0415 - needs SQLAlchemy

    if not url.startswith(_SCHEMES):
        raise UsageError("the catalog's database must be a postgresql:// URL")
    checked(url)
    if (vault / CATALOG).exists():
        raise VaultError(f"{vault}: has its catalog in {CATALOG} already")
    _set(vault, "catalog", url)


def set_objects(vault: Path, url: str) -> None:
    """Let the sealed files of a vault, or of one about to be made, go to the store at ``url``.

    Raises:
        UsageError: ``url`` is no s3:// URL, or has a secret in it.
        VaultError: they go elsewhere already, or the settings cannot be written.
    """
    from hushtap.vault.objects import checked  # noqa: PLC0415 - most vaults have no store

    checked(url)
    _set(vault, "objects", url)


def _set(vault: Path, key: str, url: str) -> None:
    settings = _settings(vault)
    if settings.get(key, url) != url:
        raise VaultError(f"{vault / SETTINGS}: names another place for the {key} already")
    try:
        vault.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise VaultError(f"{vault}: a vault cannot be made here ({reason(error)})") from None
    lines = "".join(f"{name} = {json.dumps(at)}\n" for name, at in {**settings, key: url}.items())
    with whole_file(vault / SETTINGS, replace=True) as file:
        file.write(lines.encode())


def _known(path: Path, found: Mapping[str, object]) -> None:
    for key in found:
        if key not in _KEYS:
            raise VaultError(f"{path}: unknown key {key!r}; keys are {', '.join(sorted(_KEYS))}")
