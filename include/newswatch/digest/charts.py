"""Charts of a topic's days: inline SVG in the page's own colours, without scripts, text in the page's fonts.

Drawn by matplotlib; what it writes is then fitted to stand inside a page: no style sheet of its own, colours as CSS
variables (light and dark), no fixed identifiers but those of the chart. The same days give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

from lxml import etree
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DAYS = 28
MOST_LABELS = 6  # of days below a large chart, none at its very edge: so they have room in a phone's letters too
Box = tuple[float, float, float, float]  # left, bottom, width, height
Shape = tuple[list[Box], dict[str, Any]]  # boxes of one look, and that look
_SVG = "{http://www.w3.org/2000/svg}"
_COLOURS = {  # what is drawn in → what the page calls it
    "#010101": "var(--bar)",
    "#020202": "var(--accent)",
    "#030303": "var(--band)",
    "#040404": "var(--soft)",
    "#050505": "var(--line)",
    "#060606": "var(--spike)",
}
_BAR, _NOW, _BAND, _SOFT, _LINE, _SPIKE = _COLOURS
_DPI = 72  # so that a point is a pixel


@dataclass(frozen=True, slots=True)
class ChartDay:
    """One day of a topic; `count` None: the day was not built, or does not know the topic."""

    day: date
    count: int | None
    baseline: float | None = None
    spread: float | None = None
    state: str = "too_few"


def small_chart(days: Sequence[ChartDay], label: str, key: str) -> Markup:
    """Bars on the band of what is usual, without axes, 180 by 34 pixels: to stand in a line.

    `label`: for screen readers. `key`: goes into the ids in the SVG, which must differ from chart to chart on a page.
    """
    return _chart(days, label, key, (180, 34), is_large=False)


def large_chart(days: Sequence[ChartDay], label: str, key: str) -> Markup:
    """As `small_chart`, but with axes and 720 by 190 pixels, for weeks or months."""
    return _chart(days, label, key, (720, 190), is_large=True)


def _chart(days: Sequence[ChartDay], label: str, key: str, size: tuple[int, int], *, is_large: bool) -> Markup:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": key, "svg.fonttype": "none", "hatch.linewidth": 0.6, "path.simplify": False}):
        figure = Figure(figsize=(size[0] / _DPI, size[1] / _DPI), dpi=_DPI)
        shapes, top = _shapes(days)
        if is_large:
            _draw_on_axes(figure, days, shapes, top)
        else:
            _draw_alone(figure, days, shapes, top)
        content = BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return _fitted_to_page(content.getvalue(), label, size)


def _shapes(days: Sequence[ChartDay]) -> tuple[list[Shape], float]:
    """What is drawn, the lowest layer first, and how many stories the chart is high."""
    band, hatched, missing = [], [], []
    bars: dict[str, list[Box]] = {_BAR: [], _NOW: [], _SPIKE: []}
    highest = [float(d.count or 0) for d in days] + [(d.baseline or 0) + (d.spread or 0) for d in days]
    top = max(4.0, *highest)  # one story now and then is no tower
    for place, d in enumerate(days):
        if d.baseline is not None and d.spread is not None:  # a step a day: each weekday has a baseline of its own
            low, high = max(0.0, d.baseline - d.spread), d.baseline + d.spread
            band.append((place - 0.5, low, 1.0, high - low))
        if d.state == "cannot_tell":
            hatched.append((place - 0.5, 0.0, 1.0, top))
        if d.count is None:
            missing.append((place - 0.2, 0.0, 0.4, top * 0.04))
        elif d.count:
            colour = _SPIKE if d.state == "spike" else _NOW if place == len(days) - 1 else _BAR
            bars[colour].append((place - 0.36, 0.0, 0.72, float(d.count)))
    shapes: list[Shape] = [
        (band, {"facecolor": _BAND}),
        (hatched, {"facecolor": "none", "edgecolor": _SOFT, "hatch": "//////"}),
        (missing, {"facecolor": _SOFT}),
        *((boxes, {"facecolor": colour}) for colour, boxes in bars.items()),
        ([(-0.6, 0.0, len(days) + 0.2, 0.0)], {"facecolor": "none", "edgecolor": _LINE, "linewidth": 1.5}),
    ]
    return [(boxes, look) for boxes, look in shapes if boxes], top * 1.04


def _draw_alone(figure: Figure, days: Sequence[ChartDay], shapes: Sequence[Shape], top: float) -> None:
    """The shapes over the whole figure. Axes that nobody sees would be two thirds of a small chart's time."""
    from matplotlib.transforms import Affine2D

    place = Affine2D().translate(0.6, 0).scale(1 / (len(days) + 0.2), 1 / top) + figure.transFigure
    for boxes, look in shapes:
        figure.add_artist(_patch(boxes, look, place))


def _draw_on_axes(figure: Figure, days: Sequence[ChartDay], shapes: Sequence[Shape], top: float) -> None:
    axes = figure.add_axes((0.075, 0.21, 0.915, 0.75))  # room for the larger letters that a phone gets
    axes.set_xlim(-0.6, len(days) - 0.4)
    axes.set_ylim(0, top)
    for boxes, look in shapes:
        axes.add_artist(_patch(boxes, look, axes.transData))
    _add_axes(axes, days)


def _patch(boxes: Sequence[Box], look: dict[str, Any], transform: Any) -> Any:
    """Boxes of one look as one path: a patch each takes ten times as long."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)] for x, y, w, h in boxes]
    path = Path.make_compound_path(*(Path(c, closed=True) for c in corners))
    return PathPatch(path, transform=transform, **{"linewidth": 0, **look})


def _add_axes(axes: Axes, days: Sequence[ChartDay]) -> None:
    from matplotlib.ticker import MaxNLocator

    width = len(days) + 0.2
    mondays = [place for place, d in enumerate(days) if d.day.weekday() == 0 and 0.08 < (place + 0.6) / width < 0.92]
    step = max(1, ceil(len(mondays) / MOST_LABELS))
    axes.set_xticks(mondays[::step], [f"{days[p].day.day} {days[p].day:%b}" for p in mondays[::step]])
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.tick_params(length=0, labelsize=11, labelcolor=_SOFT)
    axes.tick_params(axis="x", pad=16)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_axisbelow(True)
    axes.yaxis.grid(visible=True, color=_LINE, linewidth=0.8)


def _fitted_to_page(content: bytes, label: str, size: tuple[int, int]) -> Markup:
    """matplotlib's file as an element of a page."""
    parser = etree.XMLParser(remove_comments=True, resolve_entities=False, no_network=True)
    svg = etree.fromstring(content, parser)
    for element in [*svg.iter(f"{_SVG}metadata"), *svg.iter(f"{_SVG}style")]:
        element.getparent().remove(element)
    names: Any = svg.nsmap  # typed with a prefix always, which the default one has not
    look = {"viewBox": f"0 0 {size[0]} {size[1]}", "width": str(size[0]), "height": str(size[1])}
    root = etree.Element(f"{_SVG}svg", look | {"role": "img", "aria-label": label}, nsmap=names)
    root.extend(list(svg))
    for element in root.iter():
        element.tail = None
        if element.tag != f"{_SVG}text":
            element.text = None
        for name, value in _style_attributes(str(element.attrib.pop("style", ""))):
            element.set(name, value)
    text = etree.tostring(root, encoding="unicode")
    for drawn_colour, name in _COLOURS.items():
        text = text.replace(drawn_colour, name)
    return Markup(text)  # noqa: S704 - lxml has escaped what is in it


def _style_attributes(style: str) -> Iterator[tuple[str, str]]:
    """A style attribute's declarations as attributes of their own: pages forbid the former. The font is the page's."""
    for declaration in filter(None, style.split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            yield "font-size", value.split()[0]
        else:
            yield name, value


def days_before(day: date, count: int = DAYS) -> list[date]:
    """The `count` days of a chart that ends with this one, in order."""
    return [day - timedelta(days=back) for back in range(count - 1, -1, -1)]
