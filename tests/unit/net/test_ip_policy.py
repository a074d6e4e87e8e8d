"""Which addresses are talked to: the public web's, whatever form a private one is dressed in."""

from __future__ import annotations

import pytest

from newswatch.net.ip_policy import refusal

PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8"]
REFUSED = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254"),
    *("192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::127.0.0.1", "::7f00:1"),
    *("64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:7f00:1::", "2002:0a00:0001::1", "2001::1"),
    *("2001:0:53aa:64c:0:0:0:0", "fec0::1", "3fff::1", "5f00::1"),
    *("", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "example.com", "1.2.3.4.5"),
]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("port", [80, 443])
def test_a_public_address_is_talked_to_on_the_webs_ports(address: str, port: int) -> None:
    assert refusal(address, port) is None


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_the_public_webs_is_refused_with_a_reason(address: str) -> None:
    reason = refusal(address, 443) or ""
    assert "address" in reason or "metadata" in reason


@pytest.mark.parametrize("port", [0, 22, 25, 5432, 6379, 8080, 65535])
def test_other_ports_are_refused(port: int) -> None:
    assert refusal("8.8.8.8", port) == f"port {port} is not a web port"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fd12::1", "64:ff9b::8.8.8.8", "169.254.7.7"])
@pytest.mark.parametrize("port", [22, 80, 8080])
def test_a_feed_that_is_marked_reaches_private_networks_on_any_port(address: str, port: int) -> None:
    assert refusal(address, port, allow_private=True) is None


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe", "fe80::a9fe:a9fe%eth0"),
        *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::"),
        *("2002:a9fe:a9fe::1", "2001:0:53aa:64c::5601:5601", "2a00::5efe:169.254.169.254"),
    ],
)
def test_no_mark_opens_a_clouds_metadata_in_any_dress(address: str) -> None:
    assert refusal(address, 80, allow_private=True)


def test_a_port_that_is_named_is_open_beside_the_webs() -> None:
    assert refusal("8.8.8.8", 8080, ports=frozenset({80, 443, 8080})) is None
    assert refusal("127.0.0.1", 8080, ports=frozenset({80, 443, 8080}))
