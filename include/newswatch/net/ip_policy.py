"""Which IP addresses and ports Newswatch connects to (a guard against SSRF). Asked at the socket, for every hop."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Forms that carry an IPv4 address inside an IPv6 one. RFC 6052, RFC 8215, RFC 3056, RFC 4380, RFC 4291, RFC 5214.
_CARRIERS = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96"))
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # the third quarter of an address
# Not public either, and unknown as such to some of the Python versions that we run on. RFC 3879, RFC 9637, RFC 9602.
_RETIRED = tuple(map(ip_network, ("fec0::/10", "3fff::/20", "5f00::/16", "192.88.99.0/24", "192.0.0.0/24")))
# Where clouds tell a machine its own secrets: no feed lives there, so that no mark opens them. AWS, Azure, Google and
# others; their credentials for containers; Azure's second; Alibaba; Oracle; AWS, Google and OpenStack over IPv6.
_METADATA = frozenset(
    map(
        ip_address,
        (
            *("169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
            *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe"),
        ),
    )
)
WEB_PORTS = frozenset({80, 443})


def refusal(address: str, port: int, *, allow_private: bool = False, ports: frozenset[int] = WEB_PORTS) -> str | None:
    """Why a connection to this literal IP address is not made, or None: it may be. Never raises.

    `ports`: those allowed. `allow_private` opens private networks, on any port, but never a cloud's metadata.
    """
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address!r} is no address"
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if not _METADATA.isdisjoint(_ends(ip)):
        return f"{ip} is a cloud's metadata service"
    if allow_private:
        return None
    if isinstance(ip, IPv6Address) and _is_carrier(ip):
        return f"{ip} is a translated address"
    if (
        any(ip in network for network in _RETIRED if network.version == ip.version)
        or not ip.is_global
        or ip.is_multicast
        or ip.is_reserved
    ):
        return f"{ip} is not a public address"
    if port not in ports:
        return f"port {port} is not a web port"
    return None


def _ends(ip: IPv4Address | IPv6Address) -> set[IPv4Address | IPv6Address]:
    """The address, and those that a gateway may make of it where it carries one of IPv4."""
    if isinstance(ip, IPv4Address) or not _is_carrier(ip):
        return {ip}
    last, whole = int(ip) & 0xFFFFFFFF, int(ip)
    second = (whole >> 80) & 0xFFFFFFFF  # 6to4
    parted = (whole >> 64 & 0xFFFF) << 16 | whole >> 40 & 0xFFFF  # RFC 6052, section 2.2, a prefix of 48 bits
    return {ip, *map(IPv4Address, (last, last ^ 0xFFFFFFFF, second, parted))}  # Teredo turns its bits over


def _is_carrier(ip: IPv6Address) -> bool:
    return any(ip in network for network in _CARRIERS) or (int(ip) >> 32 & 0xFFFFFFFF) in _ISATAP
