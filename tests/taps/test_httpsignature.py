"""Signed handshakes: Genesys's own example, and everything that is a little off."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from hushtap.taps.httpsignature import OLDEST_S, REQUIRED, SKEW_S, Signatures

KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
SECRET = base64.b64decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=")
TARGET = "/api/v1/voicebiometrics/ws"
NOW = 1_641_013_200
"""When it was made, seconds since 1970."""
FIELDS = " ".join(f'"{name}"' for name in REQUIRED)
PARAMETERS = (
    f'({FIELDS});keyid="{KEY}";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256"'
    f";created={NOW};expires=3282026430"
)
EXAMPLE = {
    "host": "audiohook.example.com",
    "audiohook-organization-id": "d7934305-0972-4844-938e-9060eef73d05",
    "audiohook-session-id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "audiohook-correlation-id": "e160e428-53e2-487c-977d-96989bf5c99d",
    "x-api-key": KEY,
    "signature-input": f"sig1={PARAMETERS}",
    "signature": "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
}


def signed(parameters: str, secret: bytes = SECRET, **headers: str) -> dict[str, str]:
    """Return the example with other parameters, and the signature that goes with them."""
    found = EXAMPLE | {name.replace("_", "-"): value for name, value in headers.items()}
    names = parameters[1 : parameters.index(")")].replace('"', "").split()
    values = {"@request-target": TARGET, "@authority": found["host"], **found}
    lines = [f'"{name}": {values.get(name, "")}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    mark = base64.b64encode(hmac.new(secret, base.encode(), hashlib.sha256).digest()).decode()
    return found | {"signature-input": f"sig1={parameters}", "signature": f"sig1=:{mark}:"}


def right(headers: dict[str, str], now: float = NOW, target: str = TARGET) -> bool:
    return Signatures({KEY: SECRET}).is_right(target, headers, now)


def test_the_example_of_the_documentation_is_right() -> None:
    assert right(EXAMPLE)
    assert right(signed(PARAMETERS))


@pytest.mark.parametrize("name", [name for name in EXAMPLE if name != "host"])
def test_a_header_that_is_changed_or_not_there_is_refused(name: str) -> None:
    assert not right(EXAMPLE | {name: EXAMPLE[name] + "x"})
    assert not right({one: value for one, value in EXAMPLE.items() if one != name})


def test_another_host_or_path_is_refused() -> None:
    assert not right(EXAMPLE | {"host": "other.example.com"})
    assert not right(EXAMPLE, target=f"{TARGET}?x=1")


@pytest.mark.parametrize("left_out", REQUIRED)
def test_all_that_has_to_be_signed_is(left_out: str) -> None:
    assert not right(signed(PARAMETERS.replace(f' "{left_out}"', "").replace(f'"{left_out}" ', "")))


@pytest.mark.parametrize(
    ("age", "is_right"),
    [(0, True), (OLDEST_S, True), (OLDEST_S + 1, False), (-SKEW_S, True), (-SKEW_S - 1, False)],
)
def test_a_signature_is_good_for_seconds(age: float, is_right: bool) -> None:  # noqa: FBT001
    assert right(EXAMPLE, NOW + age) is is_right


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (";expires=3282026430", f";expires={NOW}"),
        (f";created={NOW}", ""),
        (';alg="hmac-sha256"', ';alg="none"'),
        ("VGhpc0lzQVVuaXF1ZU5vbmNl", "short"),
        (f'keyid="{KEY}"', 'keyid="another"'),
        (";created=", ";created=1;created="),
        (";created=", ';tag="x";created='),
        ('("@request-target"', '("@request-target" "@request-target"'),
        ('("@request-target"', '("@method" "@request-target"'),
        ('("@request-target"', '("signature" "@request-target"'),
        ('("@request-target" ', '("@request-target"  '),
    ],
    ids=range(11),
)
def test_what_is_not_as_it_should_be_is_refused_though_its_signature_is_right(
    before: str, after: str
) -> None:
    assert before in PARAMETERS
    assert not right(signed(PARAMETERS.replace(before, after)))


def test_another_secret_or_an_unknown_key_is_refused() -> None:
    assert not right(signed(PARAMETERS, b"another secret of some length"))
    unknown = PARAMETERS.replace(KEY, "unknown-key")
    assert not right(signed(unknown, b"?", x_api_key="unknown-key"))


def test_a_handshake_is_good_once() -> None:
    signatures = Signatures({KEY: SECRET})
    assert signatures.is_right(TARGET, EXAMPLE, NOW)
    assert not signatures.is_right(TARGET, EXAMPLE, NOW + 1)
    other = signed(PARAMETERS.replace("VGhp", "AAAA"))
    assert signatures.is_right(TARGET, other, NOW + 1)


def at(created: int, number: int) -> dict[str, str]:
    """Return a handshake signed at that time, with a nonce of its own."""
    parameters = PARAMETERS.replace(f"created={NOW}", f"created={created}")
    return signed(parameters.replace("VGhp", f"{number:04}"))


def test_a_handshake_is_good_once_though_the_clock_is_set_back() -> None:
    signatures = Signatures({KEY: SECRET})
    assert signatures.is_right(TARGET, at(NOW, 0), NOW)
    # So much later that the first one is forgotten; then the clock is set back.
    assert signatures.is_right(TARGET, at(NOW + 1_000, 1), NOW + 1_000)
    for back in range(-int(SKEW_S), int(OLDEST_S) + 1):
        assert not signatures.is_right(TARGET, at(NOW, 0), NOW + back)
    # What is signed meanwhile, by a clock that is right, is taken.
    assert signatures.is_right(TARGET, at(NOW + 1_001, 2), NOW + 1_001)


def test_what_was_signed_before_a_restart_is_refused_after_it() -> None:
    seen = at(NOW, 0)
    assert Signatures({KEY: SECRET}, since=NOW - 100).is_right(TARGET, seen, NOW)
    # As soon as it may be, by a signer whose clock is as far ahead as it may be.
    for late in (1.0, 5.0, 9.0):
        again = Signatures({KEY: SECRET}, since=NOW - SKEW_S + late)
        assert not again.is_right(TARGET, seen, NOW + late)
        assert again.is_right(TARGET, at(NOW + 20, 1), NOW + 20)


@pytest.mark.parametrize(
    "given", ["", "sig1=()", "sig1=" + "(" * 5_000, "=", 'sig1=("x");created='], ids=range(5)
)
def test_what_is_no_signature_is_refused(given: str) -> None:
    assert not right(EXAMPLE | {"signature-input": given})
    assert not right(EXAMPLE | {"signature": given})
