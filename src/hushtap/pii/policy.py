"""What is muted, how much around it, and for how long audio may wait: a policy file.

A policy is TOML. What a file leaves out has the default below; what it says
wrongly is refused, with the key and the values that would do.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import PolicyError
from hushtap.resources import folder
from hushtap.values import Entity, MuteStyle

if TYPE_CHECKING:
    from collections.abc import Iterable

SECONDS: Final[dict[str, tuple[float, float]]] = {
    "pad_before": (0.0, 2.0),
    "pad_after": (0.0, 2.0),
    "max_hold": (2.0, 120.0),
    "arm_timeout": (5.0, 600.0),
    "run_gap": (0.3, 10.0),
}
"""Accepted range of every setting in seconds, ends included."""

ALWAYS_MUTED: Final = frozenset({Entity.KEYPAD, Entity.UNHEARD})
DETECTABLE: Final = tuple(entity for entity in Entity if entity not in ALWAYS_MUTED)
"""What a policy may name."""

_FINGERPRINT_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Policy:
    """What to mute and how.

    Attributes:
        name: what the audit calls it.
        entities: the findings to mute, beside ``ALWAYS_MUTED``.
        pad_before: seconds muted before the first word of a finding.
        pad_after: seconds muted after its last word.
        keep_last4: leave the last four digits of a card number audible.
        style: what stands in place of the muted audio.
        max_hold: seconds that audio may wait for a decision; then it is muted.
        min_score: findings from this score (0 to 1) on are muted.
        arm_timeout: seconds for which a question keeps short numbers suspect.
        run_gap: seconds without a digit that end a run.
    """

    name: str
    entities: frozenset[Entity]
    pad_before: float = 0.25
    pad_after: float = 0.35
    keep_last4: bool = False
    style: MuteStyle = MuteStyle.SILENCE
    max_hold: float = 20.0
    min_score: float = 0.5
    arm_timeout: float = 90.0
    run_gap: float = 1.2

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with whatever changes a mute; the name does not."""
        content = asdict(self)
        del content["name"]
        content["entities"] = sorted(self.entities)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:_FINGERPRINT_LENGTH]


_KEYS: Final = tuple(field.name for field in fields(Policy))


def built_in() -> dict[str, Path]:
    """Return the policies that ship with Hushtap, by name."""
    return {path.stem: path for path in sorted((folder("configs") / "policies").glob("*.toml"))}


def load_policy(name_or_path: str) -> Policy:
    """Return a built-in policy by name, or the one in a ``.toml`` file.

    Raises:
        PolicyError: no such policy, or its file is wrong. One line: file, key, remedy.
    """
    shipped = built_in()
    if name_or_path in shipped:
        return read_policy(shipped[name_or_path])
    path = Path(name_or_path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        return read_policy(path)
    raise PolicyError(
        f"there is no policy {name_or_path!r}{_nearest(name_or_path, shipped)}; "
        f"give one of {', '.join(shipped)} or the path of a .toml file"
    )


def read_policy(path: Path) -> Policy:
    """Return the policy in the file at ``path``.

    Raises:
        PolicyError: it cannot be read or is wrong.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise PolicyError(f"{path}: cannot read the policy: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise PolicyError(f"{path}: not UTF-8 text; a policy is a TOML file") from exc
    except tomllib.TOMLDecodeError as exc:
        reason = " ".join(str(exc).split())
        raise PolicyError(f"{path}: not valid TOML: {reason}") from exc
    except ValueError:
        # tomllib lets int() speak for itself on numbers of thousands of digits.
        raise PolicyError(f"{path}: a value in it is out of all bounds") from None
    except RecursionError:
        raise PolicyError(f"{path}: nested too deep; a policy is a flat TOML file") from None
    for key in found:
        if key not in _KEYS:
            raise PolicyError(
                f"{path}: unknown key {key!r}{_nearest(key, _KEYS)}; keys are {', '.join(_KEYS)}"
            )
    if "entities" not in found:
        raise PolicyError(f"{path}: entities is missing; give a list of {_options(DETECTABLE)}")
    values = {key: _checked(path, key, value) for key, value in found.items()}
    return Policy(**{"name": path.stem, **values})


def _checked(path: Path, key: str, value: object) -> Any:  # noqa: ANN401  one type per key
    if key == "entities":
        return _entities(path, value)
    if key == "style":
        if value not in list(MuteStyle):
            raise _wrong(path, key, f"one of {_options(MuteStyle)}", str(value), MuteStyle)
        return MuteStyle(str(value))
    if key == "keep_last4":
        if not isinstance(value, bool):
            raise _wrong(path, key, "true or false")
        return value
    if key == "name":
        if not (isinstance(value, str) and value.strip() and value.isprintable()):
            raise _wrong(path, key, "a line of text")
        return value
    return _number(path, key, value)


def _number(path: Path, key: str, value: object) -> float:
    least, most = SECONDS.get(key, (0.0, 1.0))
    unit = " seconds" if key in SECONDS else ""
    # NaN is in no range; a bool is an int to Python.
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _wrong(path, key, f"a number from {least:g} to {most:g}{unit}")
    return float(value)


def _entities(path: Path, value: object) -> frozenset[Entity]:
    if not isinstance(value, list) or not value:
        raise _wrong(path, "entities", f"a list of {_options(DETECTABLE)}")
    for one in value:
        if one not in DETECTABLE:
            accepted = f"a list of {_options(DETECTABLE)}"
            raise _wrong(path, "entities", accepted, str(one), DETECTABLE)
    return frozenset(map(Entity, value))


def _wrong(
    path: Path, key: str, accepted: str, given: str = "", known: Iterable[str] = ()
) -> PolicyError:
    said = f", not {given!r}{_nearest(given, known)}" if given else ""
    return PolicyError(f"{path}: {key} must be {accepted}{said}")


def _options(values: Iterable[str]) -> str:
    return ", ".join(values)


def _nearest(given: str, known: Iterable[str]) -> str:
    by_fold = {name.casefold(): str(name) for name in known}
    close = difflib.get_close_matches(given.casefold(), by_fold, n=1)
    return f" (did you mean {by_fold[close[0]]}?)" if close else ""
