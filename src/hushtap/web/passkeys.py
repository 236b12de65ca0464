"""Passkeys (WebAuthn level 2): signing in without a password, on the device that has the key.

The device asks for its own second factor (user verification); a passkey answers the
host that it was made at and no other. Challenges are random, good once, for five minutes.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any, Final

import webauthn
from sqlalchemy import delete, func, insert, select, update
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hushtap.errors import UsageError
from hushtap.vault.details import looks_sensitive
from hushtap.web.credentials import ISSUER, digest
from hushtap.web.errors import SignInError
from hushtap.web.store import Store
from hushtap.web.tables import challenges, passkeys

GOOD_FOR: Final = 5 * 60
"""Seconds that a challenge may be answered."""
MOST: Final = 10
REFUSED: Final = "That passkey was not taken: use another, or sign in with name and password."
_REQUIRED: Final = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Site:
    """Where a browser is: ``host`` is what passkeys are bound to, ``origin`` is with the port."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of an account; times in seconds since 1970."""

    id: str
    label: str
    host: str
    made: float
    used: float | None


class Passkeys(Store):
    """The passkeys of a desk."""

    def creation(self, account: str, site: Site, purpose: str) -> str:
        """Return as JSON what a browser needs to make a passkey for ``account``.

        Raises:
            UsageError: there are too many already.
        """
        mine = self.of(account)
        if len(mine) >= MOST:
            raise UsageError(f"{MOST} passkeys are there already: delete one")
        options = webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name=ISSUER,
            user_name=account,
            user_id=digest(f"user|{account}").encode()[:32],
            challenge=self._challenge(purpose),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in mine
            ],
        )
        return webauthn.options_to_json(options)

    def add(self, account: str, site: Site, purpose: str, label: str, answer: str) -> None:
        """Keep the passkey that a browser made.

        Raises:
            UsageError: the label is none.
            SignInError: it is not an answer to what was asked.
        """
        label = " ".join(label.split()) or "Passkey"
        if len(label) > 40 or not label.isprintable() or looks_sensitive(label):  # noqa: PLR2004
            raise UsageError("give the passkey a name of 1 to 40 letters")
        given, challenge = self._answered(answer, purpose)
        try:
            made = webauthn.verify_registration_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError):
            raise SignInError(REFUSED) from None
        row = {
            "id": bytes_to_base64url(made.credential_id),
            "account": account,
            "label": label,
            "host": site.host,
            "public_key": made.credential_public_key,
            "uses": made.sign_count,
            "made": self._clock(),
        }
        with self._database.writing() as connection:
            known = select(func.count()).where(passkeys.c.id == row["id"])
            if connection.scalar(known):
                raise SignInError(REFUSED)
            connection.execute(insert(passkeys).values(row))

    def request(self, site: Site, purpose: str) -> str:
        """Return as JSON what a browser needs to answer with any passkey of this site."""
        options = webauthn.generate_authentication_options(
            rp_id=site.host, challenge=self._challenge(purpose), user_verification=_REQUIRED
        )
        return webauthn.options_to_json(options)

    def check(self, site: Site, purpose: str, answer: str) -> str:
        """Return the account whose passkey answered. Raises ``SignInError``."""
        given, challenge = self._answered(answer, purpose)
        query = select(passkeys).where(passkeys.c.id == str(given.get("id", "")))
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.host != site.host:
            raise SignInError(REFUSED)
        try:
            shown = webauthn.verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=row.host,
                expected_origin=site.origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.uses,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError):
            raise SignInError(REFUSED) from None
        values = {"uses": shown.new_sign_count, "used": self._clock()}
        with self._database.writing() as connection:
            # Of two answers with the same count, one comes second; devices without one say 0.
            here = (passkeys.c.id == row.id, passkeys.c.uses == row.uses)
            if not connection.execute(update(passkeys).where(*here).values(values)).rowcount:
                raise SignInError(REFUSED)
        return str(row.account)

    def of(self, account: str) -> list[Passkey]:
        """Return the passkeys of an account, the oldest first."""
        query = select(passkeys).where(passkeys.c.account == account).order_by(passkeys.c.made)
        with self._database.reading() as connection:
            return [
                Passkey(row.id, row.label, row.host, row.made, row.used)
                for row in connection.execute(query)
            ]

    def drop(self, account: str, passkey: str) -> None:
        """Delete one of an account."""
        here = (passkeys.c.account == account, passkeys.c.id == passkey)
        with self._database.writing() as connection:
            connection.execute(delete(passkeys).where(*here))

    def _challenge(self, purpose: str) -> bytes:
        challenge, now = secrets.token_bytes(32), self._clock()
        row = {"id": digest(challenge.hex()), "purpose": purpose, "made": now}
        with self._database.writing() as connection:
            connection.execute(delete(challenges).where(challenges.c.made < now - GOOD_FOR))
            connection.execute(insert(challenges).values(row))
        return challenge

    def _answered(self, answer: str, purpose: str) -> tuple[dict[str, Any], bytes]:
        """Return the answer and the challenge that it is to, which is used up by that."""
        try:
            given: dict[str, Any] = json.loads(answer)
            told = json.loads(base64url_to_bytes(given["response"]["clientDataJSON"]))
            challenge = base64url_to_bytes(told["challenge"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise SignInError(REFUSED) from None
        here = (
            challenges.c.id == digest(challenge.hex()),
            challenges.c.purpose == purpose,
            challenges.c.made >= self._clock() - GOOD_FOR,
        )
        with self._database.writing() as connection:
            if not connection.execute(delete(challenges).where(*here)).rowcount:
                raise SignInError(REFUSED)
        return given, challenge
