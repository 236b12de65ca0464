"""Settings of the gateway: a TOML file, and variables of the environment over it.

``HUSHTAP_GATEWAY_LIMITS__MAX_CALLS=8`` is ``max_calls = 8`` under ``[limits]``. What is
left out has the default below; what is wrong or unknown is refused by its name.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from hushtap.errors import UsageError
from hushtap.gateway.listening import Listen, Section
from hushtap.gateway.siprec_config import SiprecSection

PREFIX: Final = "HUSHTAP_GATEWAY_"


class VaultSection(Section):
    """Where recordings go."""

    path: Path = Path("calls.vault")


class PolicySection(Section):
    """Which policy judges a call: by its queue, else ``default``; names or paths."""

    default: str = "pci-ssn"
    queues: dict[str, str] = Field(default_factory=dict)


class LimitsSection(Section):
    """When a call is taken.

    ``max_calls`` at once; ``max_delay`` and ``max_wait`` are what the ears may take at
    p95, in seconds, and how many windows may wait for them. ``retry_after`` seconds are
    what a refused sender is told. ``idle``: seconds without audio that end a call of a
    tap without signalling; ``longest``: seconds that end any call; ``drain``: seconds that
    calls have to end once the gateway was told to.
    """

    max_calls: Annotated[int, Field(ge=1, le=10_000)] = 40
    max_delay: Annotated[float, Field(gt=0, le=60)] = 2.0
    max_wait: Annotated[int, Field(ge=1, le=64)] = 24
    retry_after: Annotated[int, Field(ge=1, le=3_600)] = 10
    idle: Annotated[float, Field(ge=1, le=86_400)] = 30.0
    longest: Annotated[float, Field(ge=1, le=86_400)] = 14_400.0
    drain: Annotated[float, Field(ge=0, le=86_400)] = 600.0


class HttpSection(Listen):
    """Health, metrics and control. ``token`` is a file with the bearer token for ``/calls``."""

    listen: str = "127.0.0.1:8090"
    token: Path | None = None


class MonitorSection(Section):
    """Listening to calls that are up, ``delay`` seconds after they were spoken.

    ``listeners`` is a TOML file that says who may: ``hushtap.gateway.supervisors``.
    """

    listeners: Path
    delay: Annotated[float, Field(ge=4, le=60)] = 10.0


class WebhooksSection(Section):
    """Where to tell what happened to calls, by HTTPS; plain HTTP on loopback alone.

    ``secret`` is a file with keys that sign, ``whsec_`` and base64, one a line. A message is
    tried ``attempts`` times, the second ``wait`` seconds after the first, then twice as long
    each; ``queue`` messages may wait. ``patience``: seconds that they have once the gateway ends.
    """

    url: str
    secret: Path
    attempts: Annotated[int, Field(ge=1, le=20)] = 8
    wait: Annotated[float, Field(gt=0, le=600)] = 5.0
    queue: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    patience: Annotated[float, Field(ge=0, le=600)] = 5.0

    @field_validator("url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise ValueError("is no address of a receiver: write it like https://host/path")
        try:
            local = ipaddress.ip_address(parts.hostname).is_loopback
        except ValueError:
            local = False
        if parts.scheme == "http" and not local:
            raise ValueError("would be sent in clear: give an address with https")
        return value


class AudioSocketSection(Listen):
    """AudioSocket has no password: beyond loopback only by ``allow_plain``, with TLS or without.

    ``queue`` is that of all its calls.
    """

    listen: str = "127.0.0.1:9092"
    queue: str | None = None

    @model_validator(mode="after")
    def _is_not_exposed(self) -> Self:
        # In place of what other sections are told: TLS alone, which Asterisk lacks, is no help.
        if not (self.allow_plain or self.is_loopback):
            raise ValueError(
                f"{self.listen} is reached from other machines, and whoever reaches it may "
                "begin calls: bind to 127.0.0.1, or say allow_plain = true"
            )
        return self


class TwilioSection(Listen):
    """Media Streams. One of ``auth_token`` and ``token`` is needed beyond loopback.

    ``path`` is where streams are taken; ``url`` what the TwiML names, for the signature;
    ``auth_token`` a file with Twilio's tokens, one a line, that sign; ``token`` a file with
    what the parameter ``token`` of a stream must be. ``caller``: the track of the caller.
    ``queue`` is that of streams that name none; ``queues`` are those whose policy a stream
    gets by naming them: any other is noted, and has the policy of ``queue``.
    """

    listen: str = "127.0.0.1:8091"
    path: str = "/twilio"
    url: str | None = None
    auth_token: Path | None = None
    token: Path | None = None
    caller: Literal["inbound", "outbound"] = "inbound"
    queue: str | None = None
    queues: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.auth_token is not None and self.url is None:
            raise ValueError("auth_token checks signatures of the address: give url as well")
        if not (self.auth_token or self.token or self.is_loopback):
            raise ValueError(
                f"{self.listen} is reached from other machines, and whoever reaches it may "
                "begin calls: give auth_token and url, or token"
            )
        return self


class AudioHookSection(Listen):
    """Genesys AudioHook. ``api_keys`` is needed beyond loopback.

    ``path`` is where sessions are taken; ``api_keys`` a file with an API key and its client
    secret in base64, parted by a space, one pair a line: every handshake must then be signed.
    ``organization`` is the only one that may call. ``queue`` is that of all its calls.
    """

    listen: str = "127.0.0.1:8092"
    path: str = "/audiohook"
    api_keys: Path | None = None
    organization: str | None = None
    queue: str | None = None

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if not (self.api_keys or self.is_loopback):
            raise ValueError(
                f"{self.listen} is reached from other machines, and whoever reaches it may "
                "begin calls: give api_keys"
            )
        return self


class RtpPair(Section):
    """A call of one or two directions, each on a UDP port, from its first packet to ``idle``.

    ``listen`` is ``HOST:PORT`` or two of them, of the agent and of the caller; ``rtpmap``
    what payload types are, as ``96=L16/16000``; ``rate`` that of the recording, in Hz.
    """

    listen: str
    rtpmap: tuple[str, ...] = ()
    rate: Annotated[int, Field(ge=8_000, le=48_000)] = 8_000
    queue: str | None = None
    agent: str | None = None


class RtpSection(Section):
    """RTP without signalling: plain, and from anybody, so beyond loopback by ``allow_plain``."""

    pairs: tuple[RtpPair, ...]
    allow_plain: bool = False


class Settings(BaseSettings):
    """All of it. A tap runs where its section is there."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
    )

    vault: VaultSection = VaultSection()
    policy: PolicySection = PolicySection()
    limits: LimitsSection = LimitsSection()
    http: HttpSection = HttpSection()
    audiosocket: AudioSocketSection | None = None
    twilio: TwilioSection | None = None
    audiohook: AudioHookSection | None = None
    rtp: RtpSection | None = None
    siprec: SiprecSection | None = None
    monitor: MonitorSection | None = None
    webhooks: WebhooksSection | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go over the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def read_settings(path: Path | None) -> Settings:
    """Return the settings of the file at ``path`` (None: the defaults), environment over it.

    Raises:
        UsageError: it cannot be read or is wrong. One line: file, key, remedy.
    """
    found: dict[str, Any] = {} if path is None else read_toml(path)
    where = "the environment" if path is None else str(path)
    try:
        return Settings(**found)
    except ValidationError as error:
        raise UsageError(f"{where}: {_reason(error)}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Return what is in a file of settings. Raises ``UsageError``."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read the settings: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text; settings are a TOML file") from None
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "out of all bounds"
        raise UsageError(f"{path}: not valid TOML: {' '.join(reason.split())}") from None


def _reason(error: ValidationError) -> str:
    """Return the first thing that is wrong, without the value: it may be a secret."""
    first = error.errors(include_url=False, include_input=False, include_context=True)[0]
    section, *rest = map(str, first["loc"])
    key = f"[{section}] {'.'.join(rest)}" if rest else f"[{section}]"
    if first["type"] == "extra_forbidden":
        return f"unknown key {key}{_remedy(section, rest)}"
    if first["type"] == "value_error":
        return f"{key}: {first['ctx']['error']}"
    return f"{key}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _remedy(section: str, rest: list[str]) -> str:
    """Return which keys there are, and the one that was probably meant."""
    model: Any = Settings
    given = section
    if rest:
        annotation = Settings.model_fields[section].annotation
        options = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type)]
        model = next((one for one in options if issubclass(one, Section)), None)
        given = rest[-1]
    if model is None or len(rest) > 1:
        return ""
    known = sorted(model.model_fields)
    close = difflib.get_close_matches(given, known, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"{meant}; keys are {', '.join(known)}" if known else ""
