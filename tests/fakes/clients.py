"""The product's client against a fake."""

from __future__ import annotations

from pydantic import SecretStr

from tests.fakes.faulty_vas import Fault, FaultyVas
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport

API_KEY = "k3y-of-the-vas"
"""Must never come out of the product but as a header."""

PATIENT_S = 30.0
"""No test waits for this: a machine under load must not look like a fault."""

SLOW = (Fault.HANG, Fault.TRICKLE_HEADERS, Fault.TRICKLE_BODY, Fault.DONE_UNSAID)


def patience_s(fault: Fault) -> float:
    """How long to wait for an answer with this fault."""
    return 0.3 if fault in SLOW else PATIENT_S


def transport_to(vas: FaultyVas, timeout_s: float = PATIENT_S) -> Transport:
    return Transport(
        vas.url,
        api_key=SecretStr(API_KEY),
        connect_timeout_s=timeout_s,
        read_timeout_s=timeout_s,
    )


def client_of(vas: FaultyVas, timeout_s: float = PATIENT_S) -> VasClient:
    return VasClient(transport_to(vas, timeout_s))
