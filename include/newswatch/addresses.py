"""Which network addresses Newswatch talks to. Asked at the socket, after resolution, for every hop."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Forms that carry an IPv4 address inside an IPv6 one. RFC 6052, RFC 8215, RFC 3056, RFC 4380.
_CARRIERS = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
# Not public either, and unknown as such to some of the Python versions that we run on. RFC 3879, RFC 9637.
_RETIRED = tuple(map(ip_network, ("fec0::/10", "3fff::/20")))
WEB_PORTS = frozenset({80, 443})


def refusal(address: str, port: int) -> str | None:
    """Why a connection to this literal address is not made, or None: it may be."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address!r} is no address"
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if isinstance(ip, IPv6Address) and any(ip in network for network in _CARRIERS):
        return f"{ip} is a translated address"
    if (
        any(ip in network for network in _RETIRED if network.version == ip.version)
        or not ip.is_global
        or ip.is_multicast
        or ip.is_reserved
    ):
        return f"{ip} is not a public address"
    if port not in WEB_PORTS:
        return f"port {port} is not a web port"
    return None
