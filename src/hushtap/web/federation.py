"""Sign-in by OpenID Connect: code flow with PKCE, state and nonce bound to the browser.

Who somebody is, is issuer and subject, never a mail address or a name. What they may do
comes from their groups by the desk's rules; whose groups the rules do not name stays out.
"""

from __future__ import annotations

import json
import re
import secrets
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, insert, select, update

from hushtap.errors import UsageError
from hushtap.gateway.listening import read_secret
from hushtap.vault.details import looks_sensitive
from hushtap.web.credentials import digest
from hushtap.web.errors import SignInError
from hushtap.web.store import Store
from hushtap.web.tables import accounts, challenges, identities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hushtap.web.database import DeskDatabase
    from hushtap.web.rules import GroupRole, OidcRules
    from hushtap.web.settings import Settings

REFUSED: Final = "That sign-in did not work: begin it anew, or ask an administrator."
"""One answer for all of it; the log says that it failed."""
RETURN: Final = "/sign-in/oidc/return"
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
GOOD_FOR: Final = 10 * 60
"""Seconds within which somebody comes back from the provider."""
LEEWAY_S: Final = 60
_KNOWN_FOR: Final = 10 * 60
_TIMEOUT_S: Final = 10.0
_NEVER: Final = "!"
"""No password hashes to it."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where to send a browser, and what it is to bring back in a cookie."""

    url: str
    bound: str


class Federation(Store):
    """Sign-in at the provider that the desk's rules name.

    Raises:
        SignInError: from every method: the provider, the browser or the groups are not right.
        UsageError: the client's secret or the certificates cannot be read.
    """

    def __init__(
        self,
        database: DeskDatabase,
        rules: OidcRules,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(database, settings, clock)
        self._rules = rules
        self._secret = read_secret(rules.client_secret_file)[0]
        self._verify: ssl.SSLContext | bool = True
        if rules.ca is not None:
            try:
                self._verify = ssl.create_default_context(cafile=rules.ca)
            except OSError as error:
                raise UsageError(f"{rules.ca}: no certificates ({type(error).__name__})") from None
        self._known: tuple[float, dict[str, Any], KeySet] | None = None

    @property
    def title(self) -> str:
        """What the button says."""
        return self._rules.title

    def leave(self) -> Leaving:
        """Begin: return where the browser goes."""
        about, _ = self._provider()
        state, nonce, bound = (secrets.token_urlsafe(24) for _ in range(3))
        verifier = secrets.token_urlsafe(48)
        with self._client() as client:
            url, _ = client.create_authorization_url(
                about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        kept = json.dumps({"nonce": nonce, "verifier": verifier})
        now = self._clock()
        with self._database.writing() as connection:
            old = (challenges.c.purpose.startswith("oidc|"), challenges.c.made < now - GOOD_FOR)
            connection.execute(delete(challenges).where(*old))
            row = {"id": _bound(state, bound), "made": now}
            sealed = self._database.seal(kept).decode()
            connection.execute(insert(challenges).values(row | {"purpose": f"oidc|{sealed}"}))
        return Leaving(str(url), bound)

    def come_back(
        self, given: Mapping[str, str], bound: str, changes: Callable[[str], None]
    ) -> str:
        """Return the name of the account of whoever comes back with ``given`` from the provider.

        ``changes`` is told the name of one that is about to be made, or to get other rights.
        """
        kept = self._kept(given.get("state", ""), bound)
        if given.get("error") or not given.get("code"):
            raise SignInError(REFUSED)
        if given.get("iss", self._rules.issuer) != self._rules.issuer:
            # RFC 9207: the answer is of another provider.
            raise SignInError(REFUSED)
        claims = self._claims(given["code"], kept)
        if self._rules.require_amr and self._rules.require_amr not in (claims.get("amr") or ()):
            raise SignInError(REFUSED)
        role = self._role(claims)
        told = str(claims.get(self._rules.name_claim, ""))
        return self._account(str(claims["sub"]), told, role, changes)

    def _kept(self, state: str, bound: str) -> dict[str, str]:
        """Return what was kept of a leaving, once."""
        here = challenges.c.id == _bound(state, bound)
        with self._database.writing() as connection:
            row = connection.execute(select(challenges).where(here)).one_or_none()
            connection.execute(delete(challenges).where(here))
        if row is None or not bound or self._clock() - row.made > GOOD_FOR:
            raise SignInError(REFUSED)
        kept: dict[str, str] = json.loads(
            self._database.unseal(row.purpose.removeprefix("oidc|").encode())
        )
        return kept

    def _claims(self, code: str, kept: Mapping[str, str]) -> CodeIDToken:
        about, keys = self._provider()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    about["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=kept["verifier"],
                )
            signed = jwt.decode(token["id_token"], keys, algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                options={
                    "iss": {"essential": True, "value": self._rules.issuer},
                    "aud": {"essential": True, "value": self._rules.client_id},
                },
                params={
                    "nonce": kept["nonce"],
                    "client_id": self._rules.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._clock()), leeway=LEEWAY_S)
        except (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError):
            # A key may have been changed: the next one asks for them anew.
            self._known = None
            raise SignInError(REFUSED) from None
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise SignInError(REFUSED)
        return claims

    def _role(self, claims: Mapping[str, Any]) -> GroupRole:
        """Return the first rule that names a group of theirs."""
        groups = claims.get(self._rules.groups_claim)
        mine = {str(one) for one in groups} if isinstance(groups, list) else set()
        for rule in self._rules.role:
            if rule.group in mine:
                return rule
        raise SignInError(REFUSED)

    def _account(
        self, subject: str, told: str, rule: GroupRole, changes: Callable[[str], None]
    ) -> str:
        """Return the account of a subject, with what its groups give it now."""
        whose = (identities.c.issuer == self._rules.issuer, identities.c.subject == subject)
        may = {"role": rule.role, "queues": sorted(rule.queues), "agents": sorted(rule.agents)}
        with self._database.writing() as connection:
            name = connection.scalar(select(identities.c.account).where(*whose))
            if name is not None:
                this = accounts.c.name == name
                has = connection.execute(select(accounts).where(this)).one()
                if any(getattr(has, key) != value for key, value in may.items()):
                    changes(name)
                    connection.execute(update(accounts).where(this).values(may))
                return str(name)
            name = _name_of(told, subject, self._rules.issuer)
            if connection.scalar(select(accounts.c.name).where(accounts.c.name == name)):
                # Never an account that is there already, whatever it is named.
                raise SignInError(REFUSED)
            changes(name)
            row = {
                "name": name,
                "password": _NEVER,
                "temporary": False,
                "totp": None,
                "totp_step": 0,
                "failures": 0,
                "locked_until": 0.0,
                "disabled": False,
                "created": self._clock(),
            }
            connection.execute(insert(accounts).values(row | may))
            known = {"issuer": self._rules.issuer, "subject": subject, "account": name}
            connection.execute(insert(identities).values(known))
        return name

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self._rules.client_id,
            client_secret=self._secret,
            scope=" ".join(self._rules.scopes),
            redirect_uri=self._rules.desk_url.rstrip("/") + RETURN,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            verify=self._verify,
            trust_env=False,
        )

    def _provider(self) -> tuple[dict[str, Any], KeySet]:
        """Return what the provider says of itself, and its keys; both are kept for a while."""
        now = self._clock()
        if self._known is not None and 0 <= now - self._known[0] < _KNOWN_FOR:
            return self._known[1], self._known[2]
        issuer = self._rules.issuer
        try:
            with httpx2.Client(timeout=_TIMEOUT_S, verify=self._verify, trust_env=False) as client:
                where = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                about = client.get(where).raise_for_status().json()
                if about["issuer"] != issuer:
                    raise SignInError(REFUSED)
                keys = client.get(about["jwks_uri"]).raise_for_status().json()
            self._known = (now, about, KeySet.import_key_set(keys))
        except (httpx2.HTTPError, JoseError, ValueError, KeyError, TypeError):
            raise SignInError(
                "The provider of sign-ins does not answer: try again, or ask an administrator."
            ) from None
        return self._known[1], self._known[2]


def _bound(state: str, bound: str) -> str:
    return digest(f"oidc|{state.encode().hex()}|{bound.encode().hex()}")


def _name_of(told: str, subject: str, issuer: str) -> str:
    """Return a name that tells people apart: what the provider calls them and six letters."""
    plain = re.sub(r"[^a-z0-9._-]", "", told.casefold().partition("@")[0])[:40].lstrip("._-")
    if not plain or looks_sensitive(plain):
        plain = "sso"
    return f"{plain}@{digest(f'{issuer}|{subject}')[:6]}"
