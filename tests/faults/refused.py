"""Addresses that Newswatch is lured to and must not go to, in every dress that they are known to wear."""

from __future__ import annotations

from dataclasses import dataclass

PUBLIC = "93.184.216.34"  # where the let-through first hop lives
OTHER_PUBLIC = "93.184.216.35"


@dataclass(frozen=True)
class Lure:
    """A URL. `direct`: its outcome as a feed's address; `hop`: as a redirect's target; `link`: as an entry's.

    `direct` may be `config`: feeds.yaml does not take it. `link` may be `no_link`: the feed's reader does not take it.
    """

    url: str
    direct: str = "address_refused"
    hop: str = "address_refused"
    link: str = "address_refused"


def _hosts(*hosts: str) -> list[Lure]:
    return [Lure(f"http://{host}/") for host in hosts]


def _numbers(*hosts: str) -> list[Lure]:
    """Digits and dots that are no address of four decimal parts: only some resolvers know what they may mean."""
    return [Lure(f"http://{host}/", "bad_url", "bad_url", "bad_url") for host in hosts]


V4_LOOPBACK = _hosts("127.0.0.1", "127.1.2.3", "127.255.255.254")
V4_SPELLINGS = [
    *_numbers("2130706433", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "00000177.0.0.1", "0", "00.0"),
    *_numbers("3232235521", "256.256.256.256", "127.0.0.0.1"),
    *_hosts("0x7f000001", "0x7f.0.0.1", "0x7f.1", "0X7F.0x0.0x0.0x1", "0177.0x0.0.1", "0.0.0.0", "0x0", "0.1.2.3"),
    Lure("http://127.0.0.1./", "bad_url"),
]
V4_PRIVATE = _hosts(
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.255"),
    *("100.64.0.1", "100.127.255.254", "169.254.0.1", "198.18.0.1", "198.19.255.254", "192.0.0.1", "192.0.0.170"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
    *("255.255.255.255", "0xffffffff"),
)
V6 = _hosts(
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:1]"),
    *("[::ffff:10.0.0.1]", "[::ffff:0.0.0.0]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[64:ff9b:1:7f00:0:100::]"),
    *("[2002:7f00:1::]", "[2002:7f00:1::1]", "[2002:a00:1::]", "[2001::1]", "[2001:0:53aa:64c::80ff:fffe]"),
    *("[2a00:1450:4001:81b:0:5efe:7f00:1]", "[2a00:1450:4001:81b:200:5efe:127.0.0.1]"),
    *("[fc00::1]", "[fd12:3456:789a::1]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]", "[ff0e::1]"),
    *("[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[2001:10::1]", "[2001:2::1]"),
)
METADATA = _hosts(
    *("169.254.169.254", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "0xa9fea9fe"),
    *("169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]", "100.100.100.200"),
    *("168.63.129.16", "192.0.0.192", "[fe80::a9fe:a9fe]"),
    *("[64:ff9b::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]", "[2002:a9fe:a9fe::]", "[::a9fe:a9fe]"),
    *("[2001:0:53aa:64c::5601:5601]", "[2a00:1450:4001:81b:0:5efe:a9fe:a9fe]"),
) + _numbers("2852039166", "169.254.43518")
NAMES_THEMSELVES = _hosts(
    *(
        "localhost",
        "LOCALHOST",
        "LocalHost",
        "localhost.",
        "foo.localhost",
        "a.b.LOCALHOST.",
        "metadata.google.internal",
    ),
    *("private.example", "PRIVATE.example.", "two-private.example", "loopback6.example", "mapped.example"),
)
DRESSED = [
    Lure("http://%31%32%37.0.0.1/", "name_unknown"),
    Lure("http://%6c%6f%63%61lhost/", "name_unknown"),
    Lure("http://１２７.0.0.1/"),
    Lure("http://①②⑦.⓪.⓪.①/"),
    Lure("http://127。0。0。1/"),
    Lure("http://127．0．0．1/"),
    Lure("http://ⓛocalhost/"),
    Lure("http://ｌｏｃａｌｈｏｓｔ/"),
    Lure("HTTP://127.0.0.1/"),
    Lure("//127.0.0.1/", direct="config"),
    Lure("http://127.0.0.1#@public.example/"),
    Lure("http://127.0.0.1?@public.example/"),
    Lure("http://127.0.0.1/@public.example"),
    Lure("http://\t127.0.0.1/", "config", link="no_link"),
    Lure("ht\ntp://127.0.0.1/", "config", link="http_404"),  # with its line break it is a path of the feed's own host
]
NO_ADDRESS = [
    Lure("http://public.example@127.0.0.1/", "config", "bad_redirect", "no_link"),
    Lure("http://public.example:80@127.0.0.1/", "config", "bad_redirect", "no_link"),
    Lure("http://user:word@127.0.0.1/", "config", "bad_redirect", "no_link"),
    Lure("http://@127.0.0.1/", "bad_url", "bad_redirect", "no_link"),
    Lure("http://public.example\\@127.0.0.1/", "config", "bad_redirect", "no_link"),
    Lure("http:\\\\127.0.0.1/", "config", "bad_redirect", "no_link"),
    Lure("http://127.0.0.1\\.public.example/", "bad_url", "bad_redirect", "no_link"),
    Lure("http://[fe80::1%25lo]/"),
    Lure("http://[::1%25lo]/"),
    Lure("http://[127.0.0.1]/", "config", "bad_redirect", "no_link"),
    Lure("http://[::1/", "config", "bad_redirect", "no_link"),
    Lure("http://127.0.0.1:0/", "address_refused", "bad_redirect", "no_link"),
    Lure("http://127.0.0.1:99999/", "config", "bad_redirect", "no_link"),
    Lure("http://0x7f.0.0.0.1/", "name_unknown", "name_unknown", "robots_unreachable"),
    Lure("gopher://127.0.0.1:70/_x", "config", "bad_redirect", "no_link"),
    Lure("file://127.0.0.1/etc/passwd", "config", "bad_redirect", "no_link"),
    Lure("unix:///var/run/docker.sock", "config", "bad_redirect", "no_link"),
]
# Ports are open to the feed whose own address names them, so that these are refused as redirects and links alone.
PORTS = [
    *(Lure(f"http://public.example:{port}/", "connection_failed") for port in (22, 25, 6379, 8080, 11211)),
    *(Lure(f"http://{PUBLIC}:{port}/", "connection_failed") for port in (5432, 9200)),
    Lure("https://public.example:8443/", "connection_failed"),
    Lure("http://127.0.0.1:8080/"),
    Lure("https://127.0.0.1:443/"),
]

LURES = [
    *V4_LOOPBACK, *V4_SPELLINGS, *V4_PRIVATE, *V6, *METADATA, *NAMES_THEMSELVES, *DRESSED, *NO_ADDRESS, *PORTS,
]  # fmt: skip

NAMES = {
    "first.example": [PUBLIC],
    "public.example": [OTHER_PUBLIC],
    "metadata.google.internal": ["169.254.169.254"],
    "private.example": ["10.0.0.1"],
    "two-private.example": ["10.0.0.1", "192.168.0.1"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mixed.example": ["127.0.0.1", PUBLIC, "::1", "169.254.169.254"],
}
