"""The shipped feeds.yaml and topics.yaml: they load, and every topic finds what it should and nothing else."""

import re
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newswatch.config.catalogue import Catalogue, load_catalogue
from newswatch.topics.matcher import Matcher
from newswatch.urls.canonical import twin_key

CONFIG_DIR = Path(__file__).resolve().parents[3] / "include"

TOPIC_IDS = {
    "new-start",
    "donetsk",
    "luhansk",
    "zaporizhzhia-plant",
    "inspections",
    "ctbt",
    "inf-treaty",
    "mariupol",
    "strategic-stability",
}

NO_TOPIC = [
    "After the divorce she moved to Leeds for a new start.",
    "A New Start for the Harbour Market",
    "NEW START FOR NUCLEAR PLANT AFTER TEN YEARS",
    "NEW START IN MOSCOW FOR YOUNG CHEF",
    "FARMERS HAIL NEW START AGREEMENT",
    "MOSCOW HOPES FOR A NEW START WITH WASHINGTON",
    "Berlin New START-UP signs lease with investors.",
    "A deal on new start-ups was signed in Washington.",
    "The New START scheme in Leeds helps care leavers.",
    "The treaty gave the two neighbours A New Start.",
    "START II never entered into force.",
    "Shakhtar Donetsk will play in Gelsenkirchen.",
    "Kudrivka hosts Shakhtar-Donetsk on Saturday.",
    "Zorya Luhansk signed a striker from Nigeria.",
    "FC Mariupol withdrew from the league.",
    "Restaurant food inspections resumed in April.",
    "Customs inspections delayed ships carrying grain.",
    "The regulator NRC announced nuclear inspections of weld corrosion.",
    "The Zaporizhzhia hydroelectric plant was hit by a missile.",
    "The South Ukraine nuclear power plant lost a power line.",
    "The bank sees strategic stability as key to the market in Russia.",
    "Kennedy praised the Limited Nuclear Test Ban Treaty.",
    "The IMF treaty desk is a myth.",
    "The Donets rose by two metres.",
    "Новый старт ракеты перенесли на пятницу.",
    "Договор СНВ-1 подписали Горбачёв и Буш в 1991 году.",
    "«Шахтёр» Донецк обыграл «Ворсклу».",
    "Вратарь донецкого «Шахтера» получил травму.",
    "«Шахтёр» (Донецк) вышел в финал.",
    "Рынок открылся в Донецке Ростовской области.",
    "На Донецкой улице в Самаре отремонтируют дорогу.",
    "Луганская «Заря» уступила киевлянам.",
    "Запорожская ГЭС получила новую турбину.",
    "Пожарная инспекция оштрафовала завод.",
    "Игрок «Шахтёра» (Донецк) забил дважды.",
    "Матч с «Мариуполем» отложен.",
    "РСМД опубликовал доклад об Индии.",
    "Поезд прибыл в Северодонецк.",
    "Новий старт для ветеранів: програма грантів.",
    "«Шахтар» Донецьк розгромив «Металіст».",
    'Захисник "Шахтар" (Донецьк) підписав контракт.',
    "Донецький «Шахтар» вийшов до фіналу.",
    "Луганська «Зоря» програла матч.",
    "Вулиця Донецька у Чернівцях стане вулицею Азовською.",
    "Рівненська АЕС підключила четвертий блок.",
    "Державна інспекція ядерного регулювання України видала ліцензію на переробку.",
    "Стратегічна стабільність банку не викликає сумнівів.",
]

TOPICS_OF = [
    ("The New START treaty expires in February.", {"new-start"}),
    ("Putin suspended New START in 2023.", {"new-start"}),
    ("MOSCOW SUSPENDS NEW START TREATY", {"new-start"}),
    ("With New START up for extension, Moscow made an offer.", {"new-start"}),
    ("New START inspections stopped in 2020.", {"new-start", "inspections"}),
    ("Washington left the INF Treaty, then extended New START.", {"inf-treaty", "new-start"}),
    ("Russian shells hit Donetsk and Luhansk.", {"donetsk", "luhansk"}),
    ("Shakhtar Donetsk paid for shelters in Donetsk region.", {"donetsk"}),
    ("Shakhtar has not played in Donetsk since 2014.", {"donetsk"}),
    ("Survivors of Mariupol were taken to Donetsk.", {"mariupol", "donetsk"}),
    ("IAEA inspectors reached the Zaporizhzhia nuclear power plant.", {"inspections", "zaporizhzhia-plant"}),
    ("The ZNPP has six reactors.", {"zaporizhzhia-plant"}),
    ("Moscow revoked its ratification of the CTBT.", {"ctbt"}),
    ("The Comprehensive Nuclear\u2011Test\u2011Ban Treaty has 187 members.", {"ctbt"}),
    ("The strategic stability dialogue covered New START.", {"strategic-stability", "new-start"}),
    ("Москва вышла из ДРСМД, но сохранила СНВ-III.", {"inf-treaty", "new-start"}),
    ("В Донецке и Мариуполе нет воды.", {"donetsk", "mariupol"}),
    ("Бои идут под Луганском.", {"luhansk"}),
    ("Луганская область осталась без света.", {"luhansk"}),
    ("На Донецком направлении отбито пять атак.", {"donetsk"}),
    ("Миссия МАГАТЭ покинула ЗАЭС.", {"zaporizhzhia-plant"}),
    ("Инспекторы МАГАТЭ прибыли на Запорожскую АЭС.", {"inspections", "zaporizhzhia-plant"}),
    ("Госдума поддержала отзыв ратификации ДВЗЯИ.", {"ctbt"}),
    ("Диалог по стратегической стабильности заморожен.", {"strategic-stability"}),
    ("Пункты приёма открыты в Донецкой, Луганской и Запорожской областях.", {"donetsk", "luhansk"}),
    ("Донецьку область обстріляли 12 разів.", {"donetsk"}),
    ("На Донеччині та Луганщині тривають бої.", {"donetsk", "luhansk"}),
    ("У Маріуполі бракує ліків.", {"mariupol"}),
    ("Запорізька АЕС знову без живлення.", {"zaporizhzhia-plant"}),
    ("Росія не пускає інспекторів за договором СНО-III.", {"inspections", "new-start"}),
    ("Україна закликала приєднатися до ДВЗЯВ.", {"ctbt"}),
    ("Сторони провели консультації щодо стратегічної стабільності.", {"strategic-stability"}),
    ("Договір про РСМД втратив чинність.", {"inf-treaty"}),
    ("Der New\u2011START\u2011Vertrag endet.", {"new-start"}),
    ("Le traité New Start et le traité FNI ont vécu.", {"new-start", "inf-treaty"}),
    ("Cerca de Donetsk y Mariúpol hubo combates.", {"donetsk", "mariupol"}),
    ("Walki toczą się w obwodzie donieckim i w Ługańsku.", {"donetsk", "luhansk"}),
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(CONFIG_DIR)


@pytest.fixture(scope="module")
def matcher(catalogue: Catalogue) -> Matcher:
    return Matcher(catalogue.topics)


@pytest.fixture(scope="module")
def sentences(catalogue: Catalogue) -> list[str]:
    examples = [s for t in catalogue.topics for s in (*t.examples.match, *t.examples.no_match)]
    return [*examples, *NO_TOPIC, *(text for text, _ in TOPICS_OF)]


def test_feeds_are_many_and_public(catalogue: Catalogue) -> None:
    assert len(catalogue.feeds) >= 55
    assert len({feed.language for feed in catalogue.feeds}) >= 3
    for feed in catalogue.feeds:
        parts = urlsplit(feed.url)
        assert parts.scheme in {"http", "https"}, feed.id
        assert parts.hostname, feed.id
        assert not feed.allow_private, feed.id


MARK = re.compile(r"(?:(?:kite-public|worldmonitor|globaldeets|probe) |403 to probe )(2026-\d\d-\d\d)")


def test_each_address_says_who_carried_it_and_when(catalogue: Catalogue) -> None:
    lines = [line.strip() for line in catalogue.feeds_text.splitlines() if line.strip().startswith("url: ")]
    assert len(lines) == len(catalogue.feeds)
    for feed, line in zip(catalogue.feeds, lines, strict=True):
        address, _, mark = line.removeprefix("url: ").partition(" # ")
        assert address == feed.url
        found = MARK.match(mark)
        assert found, line
        date.fromisoformat(found[1])


def test_no_feed_stands_there_at_two_spellings_of_its_address(catalogue: Catalogue) -> None:
    assert len({twin_key(feed.url) for feed in catalogue.feeds}) == len(catalogue.feeds)


def test_the_texts_that_count_the_feeds_count_those_that_are_there(catalogue: Catalogue) -> None:
    for name in ("README.md", "CHANGELOG.md"):
        text = (CONFIG_DIR.parent / name).read_text(encoding="utf-8")
        found = re.findall(r"(?:lists|shipped) (\d+) (?:public )?feeds", text)
        assert found, name
        assert set(found) == {str(len(catalogue.feeds))}, name


def test_topics_are_the_nine_with_examples_on_both_sides(catalogue: Catalogue) -> None:
    assert {topic.id for topic in catalogue.topics} == TOPIC_IDS
    for topic in catalogue.topics:
        assert len(topic.examples.match) >= 8, topic.id
        assert len(topic.examples.no_match) >= 8, topic.id


def test_lines_of_topics_file_fit_a_screen(catalogue: Catalogue) -> None:
    assert max(map(len, catalogue.topics_text.splitlines())) <= 120


def test_order_of_topics_does_not_matter(catalogue: Catalogue, matcher: Matcher, sentences: list[str]) -> None:
    reversed_matcher = Matcher(catalogue.topics[::-1])
    for sentence in sentences:
        assert matcher.find("", sentence, None) == reversed_matcher.find("", sentence, None), sentence


def test_other_topics_do_not_change_a_topics_mentions(
    catalogue: Catalogue, matcher: Matcher, sentences: list[str]
) -> None:
    alone = {topic.id: Matcher([topic]) for topic in catalogue.topics}
    for sentence in sentences:
        together = matcher.find("", sentence, None)
        for topic_id, single in alone.items():
            assert [m for m in together if m.topic == topic_id] == single.find("", sentence, None), sentence


def test_offsets_point_at_the_surface(matcher: Matcher, sentences: list[str]) -> None:
    text = "\n".join(sentences)
    mentions = matcher.find("", text, None)
    assert mentions
    for mention in mentions:
        assert text[mention.start : mention.end] == mention.surface
        sentence_end = mention.sentence_start + len(mention.sentence)
        assert text[mention.sentence_start : sentence_end] == mention.sentence
        assert mention.sentence_start <= mention.start < mention.end <= sentence_end


@pytest.mark.parametrize("text", NO_TOPIC)
def test_hard_negative(matcher: Matcher, text: str) -> None:
    assert [(m.topic, m.term, m.surface) for m in matcher.find("", text, None)] == []


@pytest.mark.parametrize(("text", "topics"), TOPICS_OF)
def test_exact_topics(matcher: Matcher, text: str, topics: set[str]) -> None:
    assert {m.topic for m in matcher.find("", text, None)} == topics
    assert {m.topic for m in matcher.find(text, "", None)} == topics
