"""Where a request comes from, and which proxies are believed about that."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from vas_dash.config import parse_networks

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["Proxies"]


class Proxies:
    """The proxies of a setting. What a request says of itself counts only when one sent it."""

    def __init__(self, addresses: str | None) -> None:
        self._networks = parse_networks(addresses)

    def sent(self, environ: WSGIEnvironment) -> bool:
        """Whether a proxy sent it. The other end of a Unix socket has no address, so is none."""
        return self._holds(_address(environ.get("REMOTE_ADDR", "")))

    def client(self, environ: WSGIEnvironment) -> str:
        """Whose request it is, as far as that can be believed.

        Proxies add the address of whom they serve to the end of `X-Forwarded-For`; what stands
        before the last one that is no proxy may be made up. Of IPv6 the network counts (/64), of
        which one machine has all addresses.
        """
        address = _address(environ.get("REMOTE_ADDR", ""))
        if self._holds(address):
            for text in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
                hop = _address(text.strip())
                if hop is None:
                    break
                address = hop
                if not self._holds(hop):
                    break
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False))
        return str(address or "unknown")

    def is_https(self, environ: WSGIEnvironment) -> bool:
        """Whether the browser speaks https."""
        if environ.get("wsgi.url_scheme") == "https":
            return True
        last = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2]
        return self.sent(environ) and last.strip().lower() == "https"

    def _holds(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that listens on both writes IPv4 into IPv6.
    return (getattr(address, "ipv4_mapped", None) if address.version == 6 else None) or address
