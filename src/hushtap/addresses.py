"""Addresses to listen at, as settings and commands write them: ``HOST:PORT``."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Address: TypeAlias = tuple[str, int]
"""Numeric IPv4 or IPv6 address, and port; port 0 takes any that is free."""


def parse_address(text: str) -> Address:
    """Return host and port of ``HOST:PORT``, the host numeric, IPv6 in brackets.

    Raises:
        ValueError: that is not what it says.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        numeric = str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        numeric = ""
    if not (colon and numeric and port.isascii() and port.isdecimal() and int(port) < 1 << 16):
        raise ValueError(f"{text!r} is no address: write it like 127.0.0.1:8080")
    return numeric, int(port)


def is_loopback(address: Address) -> bool:
    """Return whether nothing outside this machine reaches ``address``."""
    return ipaddress.ip_address(address[0]).is_loopback


def shown(address: Address) -> str:
    """Return ``address`` for people to read."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
