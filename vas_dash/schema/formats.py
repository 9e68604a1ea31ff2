"""The common values of `format`: how each is checked, and its words for people.

https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from urllib.parse import urlsplit

from jsonschema import FormatChecker

__all__ = ["FORMAT_CHECKER", "FORMAT_WORDS"]

_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_UUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_DURATION = r"P(?!$)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)"


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _date(text: str) -> bool:
    return _like(_DATE)(text) and bool(date.fromisoformat(text))


def _time(text: str) -> bool:
    return _like(_TIME)(text) and time.fromisoformat(text.upper()) is not None


def _date_time(text: str) -> bool:
    return _like(f"{_DATE}[Tt ]{_TIME}")(text) and bool(datetime.fromisoformat(text.upper()))


def _hostname(text: str) -> bool:
    return len(text) <= 253 and _like(rf"{_LABEL}(?:\.{_LABEL})*")(text)


def _email(text: str) -> bool:
    local, at, host = text.rpartition("@")
    return bool(at) and _like(r"[^\s@]{1,64}")(local) and _hostname(host)


def _uri(text: str) -> bool:
    return _like(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")(text) and bool(urlsplit(text).scheme)


_FORMATS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "date": (_date, "a date, such as 2026-11-22"),
    "time": (_time, "a time with its zone, such as 15:36:17Z"),
    "date-time": (_date_time, "a date and time with its zone, such as 2026-11-22T15:36:17Z"),
    "duration": (_like(_DURATION), "a duration, such as P1DT12H"),
    "email": (_email, "an e-mail address"),
    "hostname": (_hostname, "the name of a host"),
    "ipv4": (IPv4Address, "an IPv4 address, such as 192.0.2.1"),
    "ipv6": (IPv6Address, "an IPv6 address, such as 2001:db8::1"),
    "uri": (_uri, "an address with its scheme, such as https://vas.example/"),
    "uuid": (_like(_UUID), "a UUID"),
}

FORMAT_WORDS: Mapping[str, str] = MappingProxyType({name: one[1] for name, one in _FORMATS.items()})
"""What a text of a format is."""

FORMAT_CHECKER = FormatChecker(formats=())
"""Knows these and no others: what is checked is not to hang on what else is installed."""


def _add(name: str, check: Callable[[str], object]) -> None:
    def checks(instance: object) -> bool:
        return not isinstance(instance, str) or bool(check(instance))

    FORMAT_CHECKER.checks(name, raises=ValueError)(checks)


for _name, (_check, _) in _FORMATS.items():
    _add(_name, _check)
