"""The product's client against a fake, impatient enough for tests."""

from __future__ import annotations

from pydantic import SecretStr

from tests.fakes.faulty_vas import FaultyVas
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport

API_KEY = "k3y-of-the-vas"
"""Must never come out of the product but as a header."""


def transport_to(
    vas: FaultyVas, *, api_key: str = API_KEY, read_timeout_s: float = 0.3
) -> Transport:
    return Transport(
        vas.url, api_key=SecretStr(api_key), connect_timeout_s=0.3, read_timeout_s=read_timeout_s
    )


def client_of(vas: FaultyVas, *, read_timeout_s: float = 0.3) -> VasClient:
    return VasClient(transport_to(vas, read_timeout_s=read_timeout_s))
