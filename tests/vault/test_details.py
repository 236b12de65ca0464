from __future__ import annotations

import pytest

from hushtap.errors import UsageError
from hushtap.vault.details import CallDetails, Consent

CARD = "4111 1111 1111 1111"


def details_with(field: str, value: str) -> CallDetails:
    names = ("agent", "queue", "caller", "call_id")
    agent, queue, caller, call_id = (value if name == field else None for name in names)
    return CallDetails(agent, queue, None, caller, call_id)


@pytest.mark.parametrize("field", ["agent", "queue", "call_id"])
@pytest.mark.parametrize(
    "value",
    [
        *(CARD, "4111111111111111", "4111-1111-1111-1111", "call 5500005555555559 of ann"),
        *("378282246310005", "123-45-6789", "x:123-45-6789"),
        # Other dashes, dots, lines below, blanks and digits.
        *("4111.1111.1111.1111", "4111_1111_1111_1111", "4111  1111  1111  1111"),
        *("4111\u20131111\u20131111\u20131111", "3782.822463.10005", "123 45 6789"),
        *("\uff14" + 15 * "\uff11", "\u0664" + 15 * "\u0661"),
    ],
)
def test_a_card_number_or_ssn_is_not_stored_in_clear(field: str, value: str) -> None:
    with pytest.raises(UsageError, match="looks like a card number or an SSN") as told:
        details_with(field, value)
    assert not any(part in str(told.value) for part in ("4111", "5500", "3782", "6789"))


@pytest.mark.parametrize(
    "value",
    [
        "ann@example.com",
        "José Núñez, night shift",
        # What switches call their calls: Asterisk, Twilio, SIP, a UUID, milliseconds, a UCID.
        *("1732287600.12345", "CA0123456789abcdef0123456789abcdef", "a84b4c76e66710@192.0.2.7"),
        *("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "1732287600008", "00001002451379346218"),
        # The same digits with another checksum, and as a part of a longer name.
        *("4111 1111 1111 1112", "x4111111111111111", "41111111111111110000"),
    ],
)
def test_what_switches_say_is_taken(value: str) -> None:
    assert CallDetails(call_id=value, agent=value, queue=value).call_id == value


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "\x1b[2J", "x" * 129])
@pytest.mark.parametrize("field", ["agent", "queue", "call_id", "caller"])
def test_what_is_no_name_is_refused_and_not_told(field: str, value: str) -> None:
    with pytest.raises(UsageError, match="must be 1 to 128 printable characters") as told:
        details_with(field, value)
    assert "x" * 10 not in str(told.value)


def test_whose_call_it_was_is_not_in_the_repr() -> None:
    details = CallDetails("ann", "billing", None, "+1 202 555 0143", "id-7", Consent.GIVEN)
    assert "0143" not in repr(details)
    assert "id-7" not in repr(details)
    assert "billing" in repr(details)
