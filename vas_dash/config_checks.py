"""What the value of a setting must look like. Each raises ValueError with the rule in words."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

__all__ = [
    "fits_a_header",
    "frames",
    "header_name",
    "http_address",
    "long_enough",
    "networks",
    "origins",
    "parse_networks",
    "path_prefix",
    "redis_address",
    "whole_number",
]


_STEP = re.compile(r"[A-Za-z0-9._~-]+")
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")


def http_address(value: str | None) -> str | None:
    """An address like `http://host:port`, without a trailing slash."""
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must look like http://host:port")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password; set VAS_API_KEY")
    if parts.query or parts.fragment or any(char.isspace() for char in value):
        raise ValueError("must be no more than a scheme, a host, a port and a path")
    if not _has_port(parts):
        raise ValueError("must have a port from 1 to 65535, or none")
    return value.rstrip("/")


def redis_address(value: str | None) -> str | None:
    """An address like `redis://host:6379/0`."""
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ValueError("must look like redis://host:6379/0")
    if parts.query or parts.fragment or any(char.isspace() for char in value):
        raise ValueError("must be no more than a scheme, a user, a host, a port and a number")
    if not _has_port(parts):
        raise ValueError("must have a port from 1 to 65535, or none")
    if parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError("must end with the number of a database, or none")
    return value


def fits_a_header(value: SecretStr | None) -> SecretStr | None:
    """A secret that a header can carry."""
    text = value.get_secret_value().strip() if value is not None else ""
    if not (text.isascii() and (not text or text.isprintable())):
        raise ValueError("has characters that a header cannot carry")
    return value


def path_prefix(value: str) -> str:
    """A path that begins and ends with a slash."""
    if not (value.startswith("/") and value.endswith("/")) or "//" in value:
        raise ValueError("must begin and end with a single /")
    if value == "/":
        raise ValueError("must name a path, for example /ai-models/")
    steps = value.strip("/").split("/")
    if not all(_STEP.fullmatch(step) for step in steps) or {".", ".."} & set(steps):
        raise ValueError("must consist of letters, digits and -._~ between the /")
    return value


def origins(value: str | None) -> str | None:
    """Origins, separated by blanks."""
    if not all(_ORIGIN.fullmatch(origin) for origin in (value or "").split()):
        raise ValueError("must be origins like https://vas.example, separated by blanks")
    return value


def frames(value: str) -> str:
    """`none`, or `self` and origins."""
    sources = value.split()
    if sources == ["none"]:
        return value
    if not sources or not all(one == "self" or _ORIGIN.fullmatch(one) for one in sources):
        raise ValueError("must be none, or self and origins like https://vas.example")
    return value


def networks(value: str | None) -> str | None:
    """Addresses or networks with commas between them."""
    try:
        parse_networks(value)
    except ValueError:
        raise ValueError("must be addresses or networks with commas between them") from None
    return value


def header_name(value: str | None) -> str | None:
    """The name of a header."""
    if value is not None and not _HEADER.fullmatch(value):
        raise ValueError("must be the name of a header: letters, digits and -")
    return value


def long_enough(value: SecretStr | None) -> SecretStr | None:
    """A key of at least 32 characters."""
    if value is not None and len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def whole_number(value: Any) -> Any:
    """The environment holds texts, of which none is one of the numbers."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def parse_networks(text: str | None) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks with commas between them.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(part.strip()) for part in (text or "").split(",") if part.strip())


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False
