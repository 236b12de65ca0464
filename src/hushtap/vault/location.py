"""Where the catalog of a vault lies: ``catalog.db`` beside it, or what ``vault.toml`` names.

::

    catalog = "postgresql://hushtap@db.internal/calls?sslmode=verify-full"

There is no password in it: PostgreSQL's library takes that from ``PGPASSWORD`` or from
the passfile (``~/.pgpass``, or the file that ``PGPASSFILE`` names).
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
_KEYS: Final = {"catalog"}

_NOWHERE: Final = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
"""There are no settings where there can be no vault; its maker says that better."""


def catalog_place(vault: Path) -> Path | str:
    """Return the file of a vault's catalog, or the URL of its database.

    Raises:
        VaultError: ``vault.toml`` cannot be read or is wrong.
    """
    path = vault / SETTINGS
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if error.errno in _NOWHERE:
            return vault / CATALOG
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
    except (ValueError, RecursionError):
        # Its own message quotes the line, which may hold a password.
        raise VaultError(f"{path}: not valid TOML; it has one line, catalog = URL") from None
    _known(path, found)
    url = found.get("catalog")
    if url is None:
        return vault / CATALOG
    if not isinstance(url, str) or not url.startswith(_SCHEMES):
        raise VaultError(f"{path}: catalog must be a postgresql:// URL")
    return url


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
    try:
        vault.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise VaultError(f"{vault}: a vault cannot be made here ({reason(error)})") from None
    with whole_file(vault / SETTINGS) as file:
        file.write(f"catalog = {json.dumps(url)}\n".encode())


def _known(path: Path, found: Mapping[str, object]) -> None:
    for key in found:
        if key not in _KEYS:
            raise VaultError(f"{path}: unknown key {key!r}; keys are {', '.join(sorted(_KEYS))}")
