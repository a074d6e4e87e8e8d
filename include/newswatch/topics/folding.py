"""Folding: a text normalised for comparison (case, accents, punctuation), its characters' offsets kept."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

SPACES = "\t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_APOSTROPHES = "\u2018\u2019\u201a\u201b\u02bc\u02b9\u0060\u00b4\u2032\uff07"
_QUOTES = "«»„“”‟″‹›\uff02「」『』"
# One character for one, so that offsets hold. "ё" is written "е" as often as not; "İ" alone grows when lower-cased.
_ONE_FOR_ONE = {
    old: new
    for alike, new in (
        (SPACES, " "), (HYPHENS[1:], "-"), (_APOSTROPHES, "'"), (_QUOTES, '"'), ("ё", "е"), ("Ё", "Е"), ("İ", "I")
    )
    for old in alike
}  # fmt: skip
_USUAL_ONES = "ёЁ" + "".join(old for old in _ONE_FOR_ONE if old.isascii())
_ASCII_ONE_FOR_ONE = {ord(old): new for old, new in _ONE_FOR_ONE.items() if old.isascii()}
_INVISIBLE = "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_STRESS = "\u0300\u0301"  # stress marks of Cyrillic dictionaries
# What UTF-8 says of a text in passing: which characters beyond ASCII and Cyrillic it holds. Asking each character, as
# str.translate or a class of re does, costs several times as much.
_COMMON_BYTES = bytes(range(0xC0)) + b"\xd0\xd1"
_BY_LEAD_BYTE = {lead: re.compile(bytes([lead]) + b"[\x80-\xbf]+") for lead in range(0xC2, 0xF5)}
# Roman numerals, ligatures, full width.
_COMPATIBLE = re.compile("[\u2150-\u2188\u3250-\u33ff\ufb00-\ufb06\uff01-\uff5e]")
_UNEVEN = re.compile(rf"[{_INVISIBLE}\u0300-\u036f]|{_COMPATIBLE.pattern}")
_ACCENTED = re.compile("[\u00c0-\u024f\u0386-\u03ce\u1e00-\u1fff]")
_WITHOUT_DECOMPOSITION = {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ß": "s"}
_CONTINUOUS = re.compile(  # scripts that write words without spaces
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u309f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff]")
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
# Letters that look alike (Unicode's confusables), Latin and Cyrillic.
_LATIN, _CYRILLIC = "aceiopxyABCEHIKMOPTXY", "асеіорхуАВСЕНІКМОРТХУ"
_TO_LATIN, _TO_CYRILLIC = str.maketrans(_CYRILLIC, _LATIN), str.maketrans(_LATIN, _CYRILLIC)
_MIXED = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")
_MIXED_WORD = re.compile("(?=[A-Za-z]*[\u0400-\u04ff])(?=[\u0400-\u04ff]*[A-Za-z])[A-Za-z\u0400-\u04ff]+")
_LATIN_ALONE = re.compile(f"[A-Za-z](?<![{_LATIN}])")
_CYRILLIC_ALONE = re.compile(f"[\u0400-\u04ff](?<![{_CYRILLIC}])")
_PARTED = re.compile(r"[^\W\d_]-\r?\n(?=[^\W\d_])(?=[^A-ZА-ЯІЇЄҐ]).")  # Do-↵netsk
_HASHTAG = re.compile(r"(?<![\w&])#\w+")
_NEW_WORD = re.compile(r"(?<=[^\W\d_A-ZА-ЯІЇЄҐ])(?=[A-ZА-ЯІЇЄҐ])|(?<=[^\W\d_])(?=\d)")
_SUPERSCRIPTS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")  # a note's number is no part of the word before it


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, three spellings of the same length.

    `plain` keeps capitals and accents, `low` no capitals, `bare` neither. Character i came from `starts[i]:ends[i]` of
    the text that was folded; None: each stands where it stood.
    """

    plain: str
    low: str
    bare: str
    starts: list[int] | None = None
    ends: list[int] | None = None
    joints: frozenset[int] = frozenset()  # where a line's end parted a word, or two words that a hyphen joins

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets, in the text that was folded, of a non-empty span."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]

    def folded(self, start: int, end: int) -> tuple[int, int]:
        """The span of folded characters that a span of the original text became."""
        if self.starts is None or self.ends is None:
            return start, end
        return bisect_left(self.starts, start), bisect_left(self.starts, end)


def fold(text: str) -> Folded:
    """Make all spaces, hyphens, quotation marks and apostrophes alike; drop invisible characters and stress marks.

    A word of Latin and Cyrillic letters is written in one of them, the words of a hashtag are parted, a word that a
    hyphen parts at a line's end is joined.
    """
    if not text.isascii() and _MIXED.search(text):
        text = _MIXED_WORD.sub(_in_one_script, text)
    if text.isascii():
        plain, unusual = text.translate(_ASCII_ONE_FOR_ONE), ""
    else:
        plain, unusual = text, _unusual(text)
        for char in unusual + _USUAL_ONES:
            if char in _ONE_FOR_ONE:
                plain = plain.replace(char, _ONE_FOR_ONE[char])
    starts = ends = None
    joints: list[int] = []
    if "  " in plain or _UNEVEN.search(unusual) or _hides_words(text):
        plain, starts, ends, joints = _even(plain, text)
        unusual = _unusual(plain)  # accents may have been put together
    low = plain.lower()
    if unusual:
        low = low.replace("ς", "σ")  # a last sigma
    bare = low
    for char in _ACCENTED.findall(unusual.lower()):
        bare = bare.replace(char, _base_letter(char))
    return Folded(plain, low, bare, starts, ends, frozenset(joints))


def _hides_words(text: str) -> bool:
    """Whether a hashtag holds several words, or a line's end parts one."""
    is_tag = "#" in text and any("_" in m[0] or _NEW_WORD.search(m[0]) for m in _HASHTAG.finditer(text))
    return is_tag or (("-\n" in text or "-\r\n" in text) and bool(_PARTED.search(text)))


def _in_one_script(word: re.Match[str]) -> str:
    """A word with letters of two scripts in the one that its other letters are of; as it is where both have such."""
    letters = word[0]
    latin, cyrillic = _LATIN_ALONE.search(letters), _CYRILLIC_ALONE.search(letters)
    if latin and cyrillic:
        return letters
    is_latin = bool(latin) if latin or cyrillic else 2 * sum(map(str.isascii, letters)) > len(letters)
    return letters.translate(_TO_LATIN if is_latin else _TO_CYRILLIC)


def _unusual(text: str) -> str:
    """The text's characters beyond ASCII and Russian and Ukrainian letters, each at least once."""
    content = text.encode("utf-8", "surrogatepass")
    leads = set(content.translate(None, _COMMON_BYTES))
    chars = {char for lead in leads for char in _BY_LEAD_BYTE[lead].findall(content)}
    return b"".join(sorted(chars)).decode("utf-8", "surrogatepass")


def _even(text: str, original: str) -> tuple[str, list[int], list[int], list[int]]:
    """The text without what would hide a word, where each character came from, and where words were joined.

    `original`: the same with its line breaks.
    """
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    joints: list[int] = []
    parted, new_words, underscores = _hidden(text, original)
    hidden = parted | new_words | underscores
    for i, char in enumerate(text):
        if hidden and i in hidden:
            if i in parted:
                joints += [] if i - 1 in parted else [len(out)]
                continue
            if i in new_words:
                out.append(" ")
                starts.append(i)
                ends.append(i)
            if i in underscores:
                char = " "
        if char in _INVISIBLE or (char == " " and out and out[-1] == " "):
            continue
        if unicodedata.combining(char) and out:
            is_stress = char in _STRESS and "\u0400" <= out[-1] <= "\u04ff"
            joined = out[-1] if is_stress else unicodedata.normalize("NFC", out[-1] + char)
            if len(joined) == 1:
                out[-1], ends[-1] = _ONE_FOR_ONE.get(joined, joined), i + 1
                continue
        for same in unicodedata.normalize("NFKC", char) if _COMPATIBLE.match(char) else char:
            out.append("-" if same in HYPHENS else same)
            starts.append(i)
            ends.append(i + 1)
    return "".join(out), starts, ends, joints


def _hidden(text: str, original: str) -> tuple[set[int], set[int], set[int]]:
    """Places that a line's end parts, at which a hashtag's next word begins, and of a hashtag's low lines."""
    if not _hides_words(original):
        return set(), set(), set()
    parted = {n for m in _PARTED.finditer(original) for n in range(m.start() + 1, m.end() - 1)}
    tags = [m.span() for m in _HASHTAG.finditer(text)]
    new_words = {first + m.start() for first, last in tags for m in _NEW_WORD.finditer(text[first:last])}
    return parted, new_words, {n for first, last in tags for n in range(first, last) if text[n] == "_"}


def _base_letter(char: str) -> str:
    """A Latin or Greek letter without its marks. Cyrillic й and ї are letters of their own."""
    return _WITHOUT_DECOMPOSITION.get(char) or unicodedata.normalize("NFD", char)[0]


def is_word(char: str) -> bool:
    """Whether the character is of a word: letters, digits and the marks that belong to them."""
    if char.isascii():
        return char.isalnum()
    return char not in _SUPERSCRIPTS and (char.isalnum() or unicodedata.category(char)[0] == "M")


def is_boundary(text: str, at: int) -> bool:
    """Whether a word may begin or end between the characters before and at `at`."""
    if at <= 0 or at >= len(text):
        return True
    left, right = text[at - 1], text[at]
    if right == "'" and at + 1 < len(text):  # слов'янський is one word, Donetsk's is Donetsk
        return not ("\u0400" <= left <= "\u04ff" and "\u0400" <= text[at + 1] <= "\u04ff")
    if left == "'" and at > 1:
        return not ("\u0400" <= right <= "\u04ff" and "\u0400" <= text[at - 2] <= "\u04ff")
    return _are_apart(left, right)


@lru_cache(maxsize=1 << 16)
def _are_apart(left: str, right: str) -> bool:
    """Whether the two characters are of different words when they stand next to each other."""
    if not (is_word(left) and is_word(right)) or _CONTINUOUS.match(left) or _CONTINUOUS.match(right):
        return True
    return bool(_KATAKANA.match(left)) != bool(_KATAKANA.match(right))


def is_end(text: str, at: int) -> bool:
    """Whether a match may end before `at`. In Korean a particle may follow."""
    return is_boundary(text, at) or bool(_HANGUL.match(text[at - 1]) and _HANGUL.match(text[at]))


def word_end(text: str, at: int) -> int:
    """Where the word that goes on at `at` ends."""
    while at < len(text) and not is_boundary(text, at):
        at += 1
    return at


def straight(text: str) -> str:
    """Characters that are alike made one, each in its place: what a pattern is written with."""
    return "".join(_ONE_FOR_ONE.get(char, char) for char in text)
