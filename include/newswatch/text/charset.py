"""Charset detection: bytes of a feed or page → text. Many declare the wrong encoding, and some hold two."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z][\w.:-]{0,39})""")
_META = re.compile(rb"""(?i)<meta\b[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z][\w.:-]{0,39})""")
_CHARSET = re.compile(r"""(?i)charset\s{0,9}=\s{0,9}["']?([A-Za-z][\w.:-]{0,39})""")
_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
# How a document without a mark begins ("<" and one letter or "?"): XML 1.0, appendix F.
_BEGINNINGS = (
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0<\0[?!\w]"), "utf-16-be"),
    (re.compile(rb"<\0[?!\w]\0"), "utf-16-le"),
    (re.compile(rb"\x4c\x6f\xa7\x94"), "cp037"),
)
# Codecs of Python that are no encoding of documents; punycode takes time that grows with the square of the length.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw-unicode-escape", "undefined", "utf-7"})
# What says "Latin-1" or "ASCII" is read as its superset (WHATWG Encoding, section 4.2).
_SUPERSETS = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949"}
_MULTIBYTE = frozenset({"gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp", "cp949", "johab", "hz"})
HEAD_OF_PAGE = 8192  # bytes: browsers look at 1,024 (WHATWG HTML, 13.2.3.2), pages declare it later
_FEW = 24  # bytes: so few in a Chinese, Japanese or Korean encoding may be valid UTF-8 by chance
_HIGH_RUN = re.compile(rb"[\xc0-\xff\xa8\xb8\xb3\xbf\xba]+")
_CYRILLIC_RUN = 3.0  # letters in a row outside ASCII, on average: more than any Latin script has


def decoded(body: bytes, content_type: str, *, is_page: bool = False) -> tuple[str, bool]:
    """The text of an XML document, or of an HTML page, and whether bytes that fit no encoding had to be replaced.

    `content_type`: the HTTP header as it came, or "". In this order: byte order mark, the look of the first bytes,
    UTF-8 if the bytes are that (hardly any other text is by chance), the charset of the HTTP header, the XML
    declaration (RFC 7303, section 3) or the page's `<meta>`, a guess. Never raises.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _with_faults(body[len(mark) :], encoding)
    head = body[:1024].lstrip()
    for beginning, encoding in _BEGINNINGS:
        if beginning.match(head):
            # Blanks were taken off by single bytes: the text begins at a whole character again.
            return _with_faults(body[body.index(head[:4]) :], encoding)
    declared = _META.search(body, 0, HEAD_OF_PAGE) if is_page else _DECLARED.search(head)
    stated = _stated(declared, content_type)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _not_utf8(body, stated)
    if stated and not body.isascii() and stated[0] in _MULTIBYTE and sum(map(len, _HIGH_RUN.findall(body))) < _FEW:
        text = _strictly(body, stated[0]) or text
    if stated and body.isascii() and stated[0].startswith("iso2022"):
        text = _strictly(body, stated[0]) or text
    return text, False


def _stated(declared: re.Match[bytes] | None, content_type: str) -> list[str]:
    """Names of Python codecs, as the header and the declaration state them; what is unknown is left out."""
    names = [m.group(1) for m in (_CHARSET.search(content_type),) if m]
    names += [declared[1].decode()] if declared else []
    codecs_stated = []
    for name in names:
        try:
            codec = codecs.lookup(name).name
            "".encode(codec)  # a codec from bytes to bytes (hex, zlib) refuses
        except (LookupError, ValueError):
            continue
        codec = _SUPERSETS.get(codec, codec)
        if codec not in _REFUSED and not codec.startswith(("utf-16", "utf-32")):  # those would have shown themselves
            codecs_stated.append(codec)
    return codecs_stated


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _with_faults(body: bytes, encoding: str) -> tuple[str, bool]:
    text = _strictly(body, encoding)
    if text is not None:
        return text, False
    if encoding == "utf-8":
        return _mended_utf8(body), True
    return body.decode(encoding, "replace"), True


def _mended_utf8(body: bytes) -> str:
    """UTF-8 with faults. Surrogates that were encoded one by one (CESU-8) become the character they stand for."""
    try:
        return paired(body.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")


def paired(text: str) -> str:
    """The text with each pair of surrogates as one character; a lone one is taken out."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _not_utf8(body: bytes, stated: list[str]) -> tuple[str, bool]:
    mended = _mended_utf8(body)
    good = sum(1 for c in mended if c > "\x7f" and c != "\ufffd")
    bad = mended.count("\ufffd")
    if good > 10 * bad or (good == bad == 0):
        return mended, True  # UTF-8 with a few bytes lost
    for encoding in (e for e in stated if e != "utf-8"):
        text = _strictly(body, encoding) or (encoding == "cp1252" and body.decode("latin-1")) or None
        if text is not None:
            return text, False
    legacy = next((e for e in stated if e != "utf-8"), None) or _guessed(body)
    text = _strictly(body, legacy)
    return (text, False) if text is not None else (body.decode(legacy, "replace"), True)


def _guessed(body: bytes) -> str:
    """Windows-1251 or KOI8-R for words of letters outside ASCII only, else Windows-1252, the web's default.

    In Windows-1251 small letters lie above capitals, in KOI8-R below: text is mostly small letters.
    """
    runs = _HIGH_RUN.findall(body)
    high = b"".join(runs)
    if not runs or len(high) / len(runs) < _CYRILLIC_RUN:
        return "cp1252"
    upper_half = sum(byte >= 0xE0 for byte in high)
    return "cp1251" if 2 * upper_half >= len(high) else "koi8-r"
