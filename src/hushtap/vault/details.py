"""What is known of a call beside its sound: who took it, on which queue, and whose it was."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hushtap.errors import UsageError

LONGEST: Final = 128
"""Characters of an agent, a queue, a caller or a call id: a SIP Call-ID is half of that."""

_CARD: Final = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")
_BETWEEN: Final = r"[ ._/-]{1,2}"
_GROUPED: Final = re.compile(
    rf"(?<![0-9])(?:[2-6][0-9]{{3}}(?:{_BETWEEN}[0-9]{{4}}){{3}}"
    rf"|3[0-9]{{3}}{_BETWEEN}[0-9]{{6}}{_BETWEEN}[0-9]{{5}})(?![0-9])"
)
"""As cards are printed, whatever parts the groups."""
_SSN: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{3}([ .-])[0-9]{2}\1[0-9]{4}(?![0-9A-Za-z])")


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Consent(StrEnum):
    """What the caller said to being recorded."""

    UNKNOWN = "unknown"
    """Nobody noted it."""
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    """The call is not recorded, or no further."""
    WITHDRAWN = "withdrawn"
    """What was recorded is to be disposed of."""


@dataclass(frozen=True, slots=True)
class CallDetails:
    """What the switch says of a call. All of it is optional.

    ``caller`` (a number, an address, a customer's reference) is never stored, only
    its keyed hash is; agent, queue and call id are stored in clear.

    Raises:
        UsageError: a value is empty, longer than 128 characters, not printable, or
            looks like a card number or an SSN, which may not be stored in clear.
    """

    agent: str | None = None
    queue: str | None = None
    direction: Direction | None = None
    caller: str | None = field(default=None, repr=False)
    call_id: str | None = field(default=None, repr=False)
    consent: Consent = Consent.UNKNOWN

    def __post_init__(self) -> None:
        """Refuse what must not be stored."""
        for name in ("agent", "queue", "call_id"):
            _check(name.replace("_", " "), getattr(self, name), stored=True)
        _check("caller", self.caller, stored=False)


def _check(name: str, value: str | None, *, stored: bool) -> None:
    """Refuse ``value`` without telling it."""
    if value is None:
        return
    if not (value.strip() and value.isprintable() and len(value) <= LONGEST):
        raise UsageError(f"the {name} must be 1 to {LONGEST} printable characters")
    if stored and looks_sensitive(value):
        raise UsageError(
            f"the {name} looks like a card number or an SSN, which is never stored in clear; "
            "give another identifier"
        )


def looks_sensitive(text: str) -> bool:
    """Return whether a card number (by brand digit, length and checksum) or an SSN stands alone.

    In whatever script its digits and dashes are. Hexadecimal ids, times in milliseconds
    and the 20 digits of a UCID are neither.
    """
    plain = _plain(text)
    return bool(_SSN.search(plain)) or any(
        _luhn(found[0]) for shape in (_CARD, _GROUPED) for found in shape.finditer(plain)
    )


def _plain(text: str) -> str:
    """Return ``text`` with every decimal digit and dash as ASCII has it."""
    return "".join(
        "-" if unicodedata.category(char) == "Pd" else str(unicodedata.decimal(char, char))
        for char in unicodedata.normalize("NFKC", text)
    )


def _luhn(text: str) -> bool:
    digits = [int(one) for one in reversed(text) if one.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
