"""Reports, templated notices and reprints of them, of which it is known who reprints whom.

`reprints/*.txt`, all invented: of an event, two or three reports that were written apart and share facts, names,
figures and a quotation; of a family, a template and its members' values, some of one outlet on following days, some of
several outlets on one day. Nobody tuned them to what they measure. A file: what it is, then parts that begin with
`--- ` (a report) or `=== ` (the template, a member). `at` is day and time, day 0 being the first. `reprint` edits a
text as newsrooms do, the same on every machine.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path

from newswatch.days.syndication import originals
from newswatch.pages.model import StoryLine
from newswatch.stories.fingerprint import fingerprint
from newswatch.stories.story import PrintedStory

FOLDER = Path(__file__).parent / "reprints"
FIRST_DAY = date(2026, 11, 19)
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4)
SENTENCE_ENDS = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"»”]))(?<!\bSt\.)(?<!\bRev\.)(?<!\bDr\.)(?<!U\.S\.)\s+")
QUOTED = re.compile(r'(".*?"|«.*?»|“.*?”)')
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
DATELINE = re.compile(
    r"^(?:[^\W\d_][\w ,.]{2,40}?\((?:Reuters|AP|dpa|EFE)\)\s*(?:\.-|[-–—])\s+"  # CITY, Nov 19 (Reuters) -
    r"|[А-ЯІЇЄҐ-]{4,}, \d+ \w+\. /ТАСС/\. |[А-Я-]{4,}, \d+ \w+ — РИА Новости\. |КИЇВ\. \d+ \w+\. УНН\. )"
)

SWAPS = {
    # English
    "said": "stated", "announced": "made public", "about": "around", "nearly": "almost", "because": "since",
    "began": "started", "asked": "requested", "several": "a number of", "people": "persons", "shut": "closed",
    "expected": "due", "also": "too", "told": "informed", "rose": "climbed", "fell": "dropped", "after": "following",
    "before": "prior to", "lowered": "reduced", "big": "large", "biggest": "largest", "wants": "would like",
    "however": "still", "talks": "negotiations", "help": "assistance", "while": "whereas", "against": "versus",
    # Russian
    "сообщили": "рассказали", "заявил": "сказал", "сказал": "отметил", "рассказал": "сообщил", "около": "примерно",
    "после": "вслед за", "также": "кроме того", "более": "свыше", "почти": "без малого", "жителей": "граждан",
    "однако": "но", "составил": "достиг", "четверг": "19 ноября", "добавил": "уточнил", "чтобы": "дабы",
    # Ukrainian
    "повідомив": "розповів", "сказав": "зазначив", "близько": "приблизно", "унаслідок": "через", "також": "крім того",
    "зараз": "нині", "лише": "тільки", "очікується": "передбачається", "ухвалив": "схвалив", "пояснив": "уточнив",
    # German, Spanish
    "sagte": "erklärte", "rund": "etwa", "etwa": "ungefähr", "beschäftigte": "mitarbeiter", "weitgehend": "fast ganz",
    "informó": "comunicó", "declaró": "aseguró", "unas": "cerca de", "después": "luego", "vecinos": "habitantes",
}  # fmt: skip
ADVERBS = frozenset(
    [
        "early",
        "only",
        "still",
        "too",
        "already",
        "almost",
        "soon",
        "shortly",
        "recently",
        "simply",
        "mostly",
        "rarely",
        "firmly",
        "quickly",
        "exactly",
        "finally",
        "уже",
        "ещё",
        "только",
        "вновь",
        "фактически",
        "частично",
        "полностью",
        "минувшей",
        "лише",
        "вже",
        "ще",
        "тільки",
        "щонайменше",
        "заледве",
        "одразу",
        "weitgehend",
        "bereits",
        "inzwischen",
        "ausgerechnet",
        "nur",
        "todavía",
        "apenas",
        "solo",
        "ya",
    ]
)
BEGINNINGS = frozenset(
    [
        "the",
        "a",
        "an",
        "it",
        "he",
        "she",
        "they",
        "in",
        "on",
        "at",
        "by",
        "but",
        "and",
        "two",
        "one",
        "this",
        "its",
        "his",
        "her",
        "for",
        "with",
        "no",
        "of",
        "as",
        "в",
        "на",
        "по",
        "он",
        "она",
        "они",
        "это",
        "за",
        "у",
        "с",
        "и",
        "но",
        "из",
        "для",
        "до",
        "у",
        "під",
        "за",
        "він",
        "вона",
        "вони",
        "це",
        "що",
        "як",
        "die",
        "der",
        "das",
        "ein",
        "eine",
        "ein",
        "im",
        "am",
        "auf",
        "el",
        "la",
        "los",
        "las",
        "en",
        "un",
        "una",
        "con",
        "por",
    ]
)
SPARE_WORDS = {
    "en": "large local early recent former region office matter public nearby further regular further country "
    "service measure members meeting general evening further reported expected recorded followed included",
    "ru": "местный недавно прежний участок ведомство вопрос решение группа вечером регион отдельный другой "
    "дополнительно работы сведения данные ситуация общий основной",
    "uk": "місцевий нещодавно колишній ділянка відомство питання рішення група увечері регіон окремий інший "
    "додатково роботи відомості дані ситуація загальний основний",
    "de": "örtliche kürzlich frühere bereich behörde frage gruppe abends region einzelne andere weitere arbeiten",
    "es": "local reciente antiguo zona oficina asunto grupo tarde región propio otro nuevas trabajos datos",
}
OWN_SENTENCES = {
    "en": (
        "Our newsroom will update this report as more becomes known.",
        "Readers in Westmark will remember a similar case that made headlines here three years ago.",
        "Local representatives had not answered a request for comment by the time of publication.",
        "It is the latest turn in a matter that has kept the public busy since the summer.",
        "Experts consulted by this newspaper advise caution until all the facts are on the table.",
        "A summary of earlier coverage can be found in our weekend edition.",
    ),
    "ru": (
        "Редакция следит за развитием событий и дополнит материал.",
        "Ранее мы подробно рассказывали о похожем случае в соседнем регионе.",
        "Получить оперативный комментарий у местных властей пока не удалось.",
        "Читатели нашей газеты задавали вопросы на эту тему ещё летом.",
    ),
    "uk": (
        "Редакція стежить за розвитком подій і доповнить матеріал.",
        "Раніше ми докладно писали про схожий випадок у сусідній області.",
        "Отримати коментар місцевої влади на момент публікації не вдалося.",
        "Читачі нашого видання порушували цю тему ще влітку.",
    ),
    "de": (
        "Die Redaktion hält ihre Leserinnen und Leser auf dem Laufenden.",
        "Schon im Sommer hatte das Thema auch in unserer Region für Gespräche gesorgt.",
    ),
    "es": (
        "La redacción ampliará esta información en las próximas horas.",
        "Nuestro diario ya se ocupó de un caso parecido el pasado verano.",
    ),
}
NOTES = {
    "en": "Reporting by Anna Holm; editing by Piet Vos; ({agency})",
    "ru": "Источник: {agency}",
    "uk": "Джерело: {agency}",
    "de": "Quelle: {agency}",
    "es": "Fuente: {agency}",
}
TAKERS = (
    "Westmark Mail", "The Riverside Record", "Plainfield Mercury", "Morning Compass", "Novosti Reki", "Ranok Online",
    "Blick nach Norden", "El Heraldo Chico", "City Pulse 24", "The Outer Isles Gazette", "Obzor Plus", "Visnyk Stepu",
)  # fmt: skip


@dataclass(frozen=True)
class Story:
    """One text as an outlet ran it. `text_id`: of the text that it prints; `share` and `credit` where reprinted."""

    story_id: str
    text_id: str
    kind: str  # "event", "family"
    group: str  # the event or the family
    language: str
    outlet: str
    agency: str
    published_at: datetime
    lines: tuple[StoryLine, ...]
    authors: tuple[str, ...] = ()
    is_day_only: bool = False
    share: float | None = None
    credit: str = ""  # "author", "dateline", "note"; "" where none is kept
    is_next_morning: bool = False

    @property
    def is_reprint(self) -> bool:
        return self.share is not None

    @property
    def paragraphs(self) -> list[str]:
        return [line.text for line in self.lines if line.zone in ("lede", "body", "quote")]


@cache
def printed(story: Story) -> PrintedStory:
    seen_at = story.published_at + timedelta(minutes=7)
    return PrintedStory(
        story_id=story.story_id,
        outlet=story.outlet,
        feed_id=story.outlet,
        printed_at=seen_at if story.is_day_only else story.published_at,
        fingerprint=fingerprint(story.lines, story.authors),
    )


# ---- the files


@cache
def texts() -> tuple[Story, ...]:
    """Every report of every event and every member of every family."""
    found: list[Story] = []
    for path in sorted(FOLDER.glob("*.txt")):
        head, *parts = re.split(r"^(?=--- |=== )", path.read_text(encoding="utf-8"), flags=re.M)
        about = dict(_pairs(head.splitlines()))
        template = ""
        number = 0
        for part in parts:
            first, _, rest = part.partition("\n")
            if first == "=== template":
                template = rest
                continue
            if first.startswith("=== "):
                rest = template.format_map(_values(rest))
            found.append(_text(f"{path.stem}/{number}", about, first, rest))
            number += 1
    return tuple(found)


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    return (tuple(x.strip() for x in line.split(":", 1)) for line in lines if ":" in line)  # type: ignore[misc]


def _values(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _text(text_id: str, about: Mapping[str, str], first: str, rest: str) -> Story:
    said = dict(_pairs(re.sub(r"^(?:--- |=== member )", "", first).split(" | ")))
    day, clock = said["at"].split()
    moment = datetime.combine(FIRST_DAY + timedelta(days=int(day)), time.fromisoformat(clock), UTC)
    headline, *paragraphs = [line for line in rest.splitlines() if line]
    return Story(
        story_id=text_id,
        text_id=text_id,
        kind=about["kind"],
        group=text_id.split("/")[0],
        language=about["language"],
        outlet=said["outlet"].replace("-", " ").title(),
        agency=said["agency"],
        published_at=moment,
        lines=_lines(headline.removeprefix("# "), paragraphs),
        authors=(said["agency"],) if said["agency"] else ("Nina Kestrel",),
    )


def _lines(headline: str, paragraphs: Sequence[str], note: str = "") -> tuple[StoryLine, ...]:
    body = [StoryLine(text, "body" if at else "lede") for at, text in enumerate(paragraphs)]
    foot = [StoryLine(note, "cut", "credit")] if note else []
    return (StoryLine(headline, "cut", "headline"), *body, *foot)


# ---- reprints


@cache
def reprints(kind: str = "event") -> tuple[Story, ...]:
    """Of each text of the kind, at each share, one that keeps a credit and one that keeps none."""
    wanted = [(share, keeps_credit) for share in SHARES for keeps_credit in (True, False)]
    found: list[Story] = []
    for text in texts():
        if text.kind == kind:
            takers = random.Random(text.text_id).sample(TAKERS, len(wanted))
            found += [reprinted(text, *how, outlet) for how, outlet in zip(wanted, takers, strict=True)]
    return tuple(found)


def reprinted(text: Story, share: float, keeps_credit: bool, outlet: str) -> Story:
    """As the outlet ran it: most within hours, some the next morning, a few with no time but the day."""
    name = f"{text.text_id}/{share:.1f}{'c' if keeps_credit else 'n'}"
    rng = random.Random(name)
    credit = rng.choice(("author", "dateline", "note")) if keeps_credit else ""
    agency = text.agency or text.outlet
    first, *rest = text.paragraphs
    paragraphs = reprint([DATELINE.sub("", first), *rest], share, rng)
    if credit == "dateline":
        paragraphs[0] = f"{rng.choice(('NORDEN', 'KYIV', 'LONDON', 'BERLIN'))}, Nov 19 ({agency}) - {paragraphs[0]}"
    note = NOTES[text.language].format(agency=agency) if credit == "note" else ""
    headline = text.lines[0].text if share == 0 else " ".join(_reworded(text.lines[0].text, text.language, rng))
    moment = text.published_at + timedelta(minutes=rng.randint(6, 300))
    if is_next_morning := rng.random() < 0.2:
        moment = (text.published_at + timedelta(days=1)).replace(hour=rng.randint(5, 8), minute=rng.randint(0, 59))
    return Story(
        story_id=name,
        text_id=text.text_id,
        kind=text.kind,
        group=text.group,
        language=text.language,
        outlet=outlet,
        agency=text.agency,
        published_at=moment,
        lines=_lines(headline, paragraphs, note),
        authors=(agency,) if credit == "author" else rng.choice(((), ("Staff",), ("Ola Brandt",))),
        is_day_only=rng.random() < 0.1,
        share=share,
        credit=credit,
        is_next_morning=is_next_morning,
    )


def reprint(text_lines: Sequence[str], share: float, rng: random.Random) -> list[str]:
    """The paragraphs with about `share` of their sentences dropped, reworded or added to; quotations are left alone."""
    language = _language(" ".join(text_lines))
    paragraphs = [SENTENCE_ENDS.split(line) for line in text_lines]
    budget = round(share * sum(map(len, paragraphs)))
    if not budget:
        return list(text_lines)
    if rng.random() < 0.5 and len(paragraphs) > 2 and len(paragraphs[-1]) <= max(1, budget // 2 + 1):
        budget -= len(paragraphs.pop())  # the last paragraph did not fit
    if budget > 0 and rng.random() < 0.5:  # another lede
        paragraphs[0][0] = " ".join(_reworded(paragraphs[0][0], language, rng))
        budget -= 1
    if budget > 0 and rng.random() < 0.5:
        rng.choice(paragraphs[1:]).append(rng.choice(OWN_SENTENCES[language]))
        budget -= 1
    while budget > 0:
        budget -= 1
        number = rng.randrange(len(paragraphs))
        at = rng.randrange(len(paragraphs[number]))
        if rng.random() < 0.4 and sum(map(len, paragraphs)) > 5 and (number, at) != (0, 0):
            del paragraphs[number][at]
            if not paragraphs[number]:
                del paragraphs[number]
        else:
            paragraphs[number][at] = " ".join(_reworded(paragraphs[number][at], language, rng))
    return [" ".join(sentences) for sentences in _parted(paragraphs, rng)]


def _parted(paragraphs: list[list[str]], rng: random.Random) -> list[list[str]]:
    """Some paragraphs split, some joined with the next."""
    found: list[list[str]] = []
    for sentences in paragraphs:
        drawn = rng.random()
        if drawn < 0.15 and len(sentences) > 1:
            cut = rng.randint(1, len(sentences) - 1)
            found += [sentences[:cut], sentences[cut:]]
        elif drawn < 0.3 and len(found) > 1:
            found[-1] = found[-1] + sentences
        else:
            found.append(list(sentences))
    return found


def _reworded(sentence: str, language: str, rng: random.Random) -> list[str]:
    """Its clauses in another order, words swapped, adverbs gone and one ordinary word in four replaced."""
    clauses = sentence.rstrip(".").split(", ")
    if len(clauses) > 1 and not QUOTED.search(sentence) and rng.random() < 0.5:
        first, last = clauses[0], clauses[-1]
        if first.split()[0].casefold() in BEGINNINGS:
            first = first[:1].lower() + first[1:]
        clauses = [last[:1].upper() + last[1:], *clauses[1:-1], first]
        sentence = ", ".join(clauses) + "."
    spare = SPARE_WORDS[language].split()
    found: list[str] = []
    for part in QUOTED.split(sentence):
        if QUOTED.fullmatch(part):
            found.append(part)
            continue
        for token in part.split():
            word = WORD.search(token)
            plain = word.group() if word else ""
            if plain.casefold() in ADVERBS and token == plain:
                continue
            if plain.casefold() in SWAPS:
                found.append(token.replace(plain, SWAPS[plain.casefold()]))
            elif len(plain) > 3 and plain.islower() and rng.random() < 1 / 4:
                found.append(token.replace(plain, rng.choice(spare)))
            else:
                found.append(token)
    return found


def _language(text: str) -> str:
    if re.search(r"[іїєґ]", text):
        return "uk"
    if re.search(r"[а-я]", text):
        return "ru"
    words = set(text.casefold().split())
    return max(("en", "de", "es"), key=lambda x: len(words & _COMMON[x]))


_COMMON = {
    "en": frozenset(["the", "of", "and", "to", "in", "was", "that"]),
    "de": frozenset(["der", "die", "und", "das", "nicht", "von", "zu"]),
    "es": frozenset(["el", "la", "los", "de", "que", "y", "en"]),
}


# ---- what is right


def shingles(story: Story, length: int = 4) -> frozenset[tuple[str, ...]]:
    words = [word.casefold() for line in story.paragraphs for word in re.findall(r"\w+", line)]
    return frozenset(tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def jaccard(one: Story, other: Story) -> float:
    left, right = shingles(one), shingles(other)
    return len(left & right) / (len(left | right) or 1)


def pair_kind(one: Story, other: Story) -> str:
    if one.text_id == other.text_id:
        return "one text"
    if one.group == other.group:
        return "same event" if one.kind == "event" else "template family"
    return "unrelated"


Pair = tuple[Story, Story]


@dataclass
class Judged:
    """Pairs of stories: rightly in one cluster, wrongly in one, wrongly apart."""

    right: list[Pair] = field(default_factory=list)
    false: list[Pair] = field(default_factory=list)
    missed: list[Pair] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return len(self.right) / (len(self.right) + len(self.false) or 1)

    @property
    def recall(self) -> float:
        return len(self.right) / (len(self.right) + len(self.missed) or 1)

    def add(self, pair: Pair, together: bool) -> None:
        if pair_kind(*pair) == "one text":
            (self.right if together else self.missed).append(pair)
        elif together:
            self.false.append(pair)


def judged(stories: Sequence[Story]) -> Judged:
    """Every pair of these stories, compared with one another."""
    original_of = originals(map(printed, stories))
    found = Judged()
    for one, other in combinations(stories, 2):
        found.add((one, other), original_of[one.story_id] == original_of[other.story_id])
    return found


@cache
def all_together() -> Judged:
    return judged((*texts(), *reprints()))


@cache
def one_at_a_time(kind: str = "event") -> Judged:
    """Every reprint among all texts but no other reprint: none helps another. Pairs with the reprint in them."""
    found = Judged()
    for number in range(2 * len(SHARES)):
        of_each = reprints(kind)[number :: 2 * len(SHARES)]
        one = judged((*texts(), *of_each))
        found.right += one.right
        found.missed += one.missed
        found.false += [pair for pair in one.false if pair[0].is_reprint or pair[1].is_reprint]
    return found


def described(pair: Pair) -> str:
    """What is known of a pair: similarities, true and estimated, and the share of figures and names in common."""
    one, other = sorted(pair, key=lambda s: s.story_id)
    left, right = printed(one).fingerprint, printed(other).fingerprint
    union = sorted({*left.sketch, *right.sketch})[: max(len(left.sketch), len(right.sketch))]
    estimated = sum(key in left.sketch and key in right.sketch for key in union) / (len(union) or 1)
    hours = abs(printed(one).printed_at - printed(other).printed_at).total_seconds() / 3600
    return (
        f"{pair_kind(one, other):15} {one.story_id:28} {other.story_id:28} true {jaccard(one, other):.2f}"
        f" est. {estimated:.2f} figures {_common(left.figures, right.figures)} names {_common(left.names, right.names)}"
        f" {hours:4.1f} h{' one outlet' if one.outlet == other.outlet else ''}"
        f"{' credit' if printed(one).credits & printed(other).credits else ''}"
    )


def _common(one: frozenset[int], other: frozenset[int]) -> str:
    return f"{len(one & other)}/{min(len(one), len(other))}"
