"""The section ``[siprec]``."""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from hushtap.addresses import is_loopback, parse_address
from hushtap.errors import UsageError
from hushtap.gateway.listening import Listen, Section
from hushtap.taps.siprec.roles import Rule

LEAST_PORTS: Final = 8
_PORTS: Final = re.compile(r"([0-9]{4,5})-([0-9]{4,5})")


class SiprecSection(Section):
    """Where the SIPREC recording server listens, and who is who in its calls.

    ``udp``, ``tcp`` and ``tls`` are addresses to listen at; where one of them is given, the
    others are not listened at unless they are, too. At most ``connections`` at once.
    ``peers`` are networks that may call, all where it is empty.
    ``tls_client_ca``: clients show a certificate of this authority.

    ``media`` is the address that audio is received at, on pairs of ``ports``, each left
    alone for ``rest`` seconds after a call. ``advertise`` is what clients are told to send
    to, where that is not the address bound. ``srtp = "required"`` refuses plain audio.

    ``session`` is the session timer in seconds that is asked for, 0 for none; ``idle``
    are seconds without audio and signalling that end a call. ``agents``, ``agent``,
    ``queue_header``, ``queue_element`` and ``call_id_header``: see docs/siprec.md.
    ``queues`` are those whose policy a session gets by naming them.
    """

    udp: str = "127.0.0.1:5060"
    tcp: str = "127.0.0.1:5060"
    tls: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    allow_plain: bool = False
    peers: tuple[str, ...] = ()
    connections: Annotated[int, Field(ge=1, le=10_000)] = 64
    media: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    advertise: str = ""
    ports: str = "40000-40999"
    rest: Annotated[float, Field(ge=0, le=3_600)] = 30.0
    srtp: Literal["offered", "required"] = "offered"
    session: Annotated[int, Field(ge=0, le=86_400)] = 1_800
    idle: Annotated[float, Field(ge=1, le=86_400)] = 3_600.0
    agents: tuple[str, ...] = ()
    agent: Literal["first", "second"] = "second"
    queues: tuple[str, ...] = ()
    queue_header: str | None = None
    queue_element: str | None = None
    call_id_header: str | None = None

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The networks of ``peers``."""
        return tuple(ipaddress.ip_network(one, strict=False) for one in self.peers)

    @property
    def port_range(self) -> range:
        """The even ports of ``ports``: each has the odd one above it."""
        low, high = map(int, self.ports.split("-"))
        return range(low + low % 2, high, 2)

    @property
    def told(self) -> str:
        """The address for media that clients are told."""
        return self.advertise or self.media

    @property
    def exposed(self) -> tuple[str, ...]:
        """What other machines reach in clear."""
        hosts = {one: parse_address(one)[0] for one in (self.udp, self.tcp) if one}
        if self.srtp != "required":
            hosts[self.media] = self.media
        return tuple(
            one for one, host in hosts.items() if not ipaddress.ip_address(host).is_loopback
        )

    @property
    def rule(self) -> Rule:
        """How agent and caller are told apart."""
        return Rule(
            agents=self.agents,
            agent_first=self.agent == "first",
            queue_header=self.queue_header,
            queue_element=self.queue_element,
            call_id_header=self.call_id_header,
        )

    def context(self) -> ssl.SSLContext | None:
        """Return the TLS context, where ``tls`` is given. Raises ``UsageError``."""
        if not self.tls:
            return None
        listen = Listen(listen=self.tls, tls_cert=self.tls_cert, tls_key=self.tls_key)
        context = listen.tls()
        if context is not None and self.tls_client_ca is not None:
            try:
                context.load_verify_locations(self.tls_client_ca)
            except OSError as error:
                raise UsageError(
                    f"{self.tls_client_ca}: no authority's certificate ({type(error).__name__}); "
                    "give a PEM file as tls_client_ca"
                ) from None
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    @model_validator(mode="before")
    @classmethod
    def _listens_where_it_is_told(cls, given: Any) -> Any:  # noqa: ANN401 - whatever TOML has
        if isinstance(given, dict) and not given.keys().isdisjoint(("udp", "tcp", "tls")):
            return {"udp": "", "tcp": ""} | given
        return given

    @field_validator("udp", "tcp", "tls")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value:
            parse_address(value)
        return value

    @field_validator("media", "advertise")
    @classmethod
    def _is_host(cls, value: str) -> str:
        try:
            return str(ipaddress.ip_address(value)) if value else value
        except ValueError:
            raise ValueError(f"{value!r} is no numeric address: write it like 10.0.0.5") from None

    @field_validator("peers")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ipaddress.ip_network(one, strict=False)
            except ValueError:
                raise ValueError(f"{one!r} is no network: write it like 10.0.0.0/24") from None
        return value

    @field_validator("ports")
    @classmethod
    def _is_range(cls, value: str) -> str:
        match = _PORTS.fullmatch(value)
        if match is None or not 1_024 <= int(match[1]) <= int(match[2]) - LEAST_PORTS <= 65_527:  # noqa: PLR2004
            raise ValueError(
                f"{value!r} is no range of {LEAST_PORTS} ports: write it like 40000-40999"
            )
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not (self.udp or self.tcp or self.tls):
            raise ValueError("listens nowhere: give udp, tcp or tls")
        if self.tls and self.tls_cert is None:
            raise ValueError("tls needs tls_cert and tls_key")
        if self.tls and not (
            self.peers or self.tls_client_ca or is_loopback(parse_address(self.tls))
        ):
            raise ValueError(
                f"{self.tls} is reached from other machines, and whoever reaches it may begin "
                "calls: give peers, or tls_client_ca"
            )
        if ipaddress.ip_address(self.media).is_unspecified and not self.advertise:
            raise ValueError("media is every address: give advertise, the one that clients reach")
        if self.exposed and not self.allow_plain:
            raise ValueError(
                f"{self.exposed[0]} is reached from other machines, in clear: bind to 127.0.0.1, "
                'use tls with srtp = "required" and no udp and tcp, or say allow_plain = true'
            )
        return self
