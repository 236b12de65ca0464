"""The desk's rules, from a TOML file: what is reviewed, what is asked, what is odd."""

from __future__ import annotations

import hashlib
import ipaddress
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hushtap.errors import UsageError
from hushtap.resources import folder
from hushtap.values import Entity
from hushtap.web.roles import Reach, Role, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hushtap.vault.recordings import RecordingInfo

SHIPPED: Final = "desk.toml"
_SHORT = Annotated[str, Field(min_length=1, max_length=40)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sample(_Section):
    """Which calls wait for a review: a ``share`` (0 to 1) of those that fit all that is given."""

    name: _SHORT
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    entity: Entity | None = None
    flagged: bool = False

    def takes(self, info: RecordingInfo, *, flagged: bool) -> bool:
        """Return whether a call is drawn; the same each time that it is asked."""
        if self.flagged and not flagged:
            return False
        if self.entity is not None and not info.findings.get(self.entity):
            return False
        drawn = hashlib.sha256(f"{self.name}|{info.id}".encode()).digest()
        return int.from_bytes(drawn[:8]) < self.share * 2**64


class Answer(StrEnum):
    """How a question is answered."""

    YES_NO = "yes-no"
    SCALE = "scale"
    """1 to 5."""


class Question(_Section):
    """One line of the score form."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    text: Annotated[str, Field(min_length=1, max_length=160)]
    kind: Answer = Answer.YES_NO
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0

    @property
    def best(self) -> int:
        """The highest answer; the lowest is 0, or 1 of a scale."""
        return 1 if self.kind is Answer.YES_NO else 5

    @property
    def least(self) -> int:
        """The lowest answer."""
        return 0 if self.kind is Answer.YES_NO else 1


class QueueRules(_Section):
    """``days`` after which a call does not wait any more."""

    days: Annotated[int, Field(ge=1, le=366)] = 14


class GatewayRules(_Section):
    """Where calls are up that may be listened to; the token is one of its listeners' file."""

    url: str
    token_file: Path
    ca: Path | None = None

    @field_validator("url")
    @classmethod
    def _guarded(cls, url: str) -> str:
        return _only_guarded(url)


class GroupRole(_Section):
    """What the members of a provider's ``group`` are at the desk, and whose calls they see."""

    group: Annotated[str, Field(min_length=1, max_length=256)]
    role: Role
    queues: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _reaches(self) -> Self:
        wants = {Reach.QUEUES: ("queues", self.queues), Reach.TEAM: ("agents", self.agents)}
        name, given = wants.get(reach(self.role), ("", ("any",)))
        if not given:
            raise ValueError(f"a {self.role} sees the calls of some: give {name}")
        return self


class OidcRules(_Section):
    """Where people sign in by OpenID Connect; ``desk_url`` is the desk's own address."""

    issuer: str
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path
    desk_url: str
    title: _SHORT = "Sign in with your company's account"
    scopes: tuple[str, ...] = ("openid", "profile")
    groups_claim: str = "groups"
    name_claim: str = "preferred_username"
    require_amr: str = "mfa"
    ca: Path | None = None
    role: tuple[GroupRole, ...] = ()

    @field_validator("issuer", "desk_url")
    @classmethod
    def _guarded(cls, url: str) -> str:
        return _only_guarded(url)


class CaseRules(_Section):
    """Whether the sound of a missed number is kept to tune by, sealed, and for how many days."""

    sounds: bool = False
    days: Annotated[int, Field(ge=1, le=30)] = 7


class AlertRules(_Section):
    """What is out of the ordinary; see ``configs/desk.toml``. Hours are of ``zone``."""

    recordings: Annotated[int, Field(ge=1)] = 40
    refused: Annotated[int, Field(ge=1)] = 5
    begin: Annotated[int, Field(ge=0, le=23, alias="from")] = 6
    end: Annotated[int, Field(ge=1, le=24, alias="to")] = 22
    weekends: bool = True
    zone: str = "UTC"
    places_days: Annotated[int, Field(ge=1, le=366)] = 90
    webhook: str | None = None
    webhook_secret: Path | None = None

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            raise ValueError("no time zone of that name") from None
        return zone

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.begin >= self.end:
            raise ValueError("from must be before to")
        if (self.webhook is None) != (self.webhook_secret is None):
            raise ValueError("webhook and webhook_secret go together")
        if self.webhook is not None and not _is_guarded(self.webhook):
            raise ValueError("webhook must be https, or http on the loopback")
        return self


class Rules(_Section):
    """All of it."""

    sample: tuple[Sample, ...] = ()
    question: tuple[Question, ...] = ()
    queue: QueueRules = QueueRules()
    alerts: AlertRules = AlertRules()
    cases: CaseRules = CaseRules()
    gateway: GatewayRules | None = None
    oidc: OidcRules | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for names in ([one.name for one in self.sample], [one.id for one in self.question]):
            if len(names) != len(set(names)):
                raise ValueError("two samples or questions have the same name")
        return self

    def reasons(self, info: RecordingInfo, *, flagged: bool) -> list[str]:
        """Return the names of the samples that take a call."""
        return [one.name for one in self.sample if one.takes(info, flagged=flagged)]

    @property
    def form(self) -> str:
        """A fingerprint of the questions: scores of another form are not compared."""
        text = "|".join(one.model_dump_json() for one in self.question)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def total(self, answers: Mapping[str, int]) -> float:
        """Return the weighted share (0 to 1) that ``answers`` reach of those questions."""
        asked = [one for one in self.question if one.id in answers]
        most = sum(one.weight for one in asked)
        got = sum(
            one.weight * (answers[one.id] - one.least) / (one.best - one.least) for one in asked
        )
        return got / most if most else 0.0


def load(path: Path | None = None) -> Rules:
    """Return the rules in ``path``, or those that Hushtap ships with.

    Raises:
        UsageError: it cannot be read, or what is in it is no such rules.
    """
    place = path or folder("configs") / SHIPPED
    try:
        found: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))
        return Rules.model_validate(found)
    except OSError:
        raise UsageError(f"{place}: cannot be read; name a TOML file of the desk's rules") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(one) for one in first["loc"]) or "rules"
        raise UsageError(f"{place}: {name}: {first['msg']}") from None
    except ValueError:
        raise UsageError(f"{place}: no TOML; compare configs/{SHIPPED}") from None


def _only_guarded(url: str) -> str:
    if not _is_guarded(url):
        raise ValueError("must be https, or http on the loopback")
    try:
        urlsplit(url).port  # noqa: B018 - it is read when it is asked for
    except ValueError:
        raise ValueError("its port must be a number up to 65535") from None
    return url


def _is_guarded(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = parts.hostname == "localhost"
    return parts.scheme == "http" and loopback
