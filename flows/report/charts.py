"""The funnel and the trends of a run as pictures for the Prefect UI, which shows images in Markdown.

Takes `RunFigures`, gives SVG as a `data:` address, so that nothing is loaded from anywhere. Only figures and words of our own
are drawn, no text of an article. The card is light in both of the UI's themes.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from flows.report.model import RunFigures
from flows.report.trends import TrendFigures, list_trends

PAPER, INK, SOFT, TRACK = "#fbfaf7", "#23211e", "#635d54", "#ece7dc"
COLOURS = {"main": "#2f7d76", "side": "#b09b63", "loss": "#b2553a"}
WIDTH = 660
ROW = 30


@dataclass(frozen=True)
class Step:
    """One bar of the funnel; kind is main (the flow itself), side (a part of it) or loss (what left it)."""

    label: str
    value: int
    kind: str
    share: float


def list_steps(figures: RunFigures) -> list[Step]:
    """The funnel of a run, from what was found to what was published; `share` is of the largest step."""
    steps = [
        ("inputs found", figures.n_found, "main"),
        ("new", figures.n_new, "main"),
        ("rejected", figures.n_rejected, "loss"),
        ("cleaned", figures.n_main, "main"),
        ("embedded", figures.n_embedded, "side"),
        ("duplicates", figures.n_duplicates, "side"),
        ("flagged", figures.n_articles_flagged, "loss"),
        ("published", figures.n_published, "main"),
    ]
    known = [(label, value, kind) for label, value, kind in steps if value is not None]
    largest = max((value for _, value, _ in known), default=0) or 1
    return [Step(label, value, kind, value / largest) for label, value, kind in known]


def draw_funnel(figures: RunFigures) -> str:
    """The funnel as an image's address."""
    parts = []
    for number, step in enumerate(list_steps(figures)):
        top = 12 + number * ROW
        parts += [
            f'<text x="16" y="{top + 16}">{step.label}</text>',
            f'<rect x="130" y="{top}" width="420" height="22" rx="3" fill="{TRACK}"/>',
            f'<rect x="130" y="{top}" width="{420 * step.share:.1f}" height="22" rx="3" fill="{COLOURS[step.kind]}"/>',
            f'<text x="562" y="{top + 16}" font-weight="600">{step.value:,}</text>',
        ]
    return _picture(parts, 24 + len(list_steps(figures)) * ROW)


def draw_trends(figures: RunFigures) -> str | None:
    """A row of bars for each figure that more than one run recorded, as an image's address; None when there is none."""
    trends = [trend for trend in list_trends(figures.totals) if len(trend.points) > 1]
    if not trends:
        return None
    parts = []
    for number, trend in enumerate(trends):
        left, top = 16 + (number % 2) * 322, 12 + (number // 2) * 92
        parts += _bars(trend, left, top, 306)
    return _picture(parts, 24 + (len(trends) + 1) // 2 * 92)


def show_value(value: float, unit: str) -> str:
    """A trend's value in its unit."""
    return f"{value:.1%}" if unit == "share" else f"{value:,.0f}"


def usual_value(trend: TrendFigures) -> str:
    """The median of a trend before its latest run."""
    return show_value(median([value for _, value in trend.points[:-1]]), trend.unit)


def _bars(trend: TrendFigures, left: int, top: int, width: int) -> list[str]:
    values = [value for _, value in trend.points]
    largest = max(values) or 1
    step = width / max(12, len(values))
    bars = [f'<rect x="{left}" y="{top}" width="{width}" height="50" rx="3" fill="{TRACK}"/>']
    for number, value in enumerate(values):
        height = 48 * value / largest
        colour = COLOURS["main" if number == len(values) - 1 else "side"]
        bars.append(
            f'<rect x="{left + number * step + 1:.1f}" y="{top + 50 - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}" '
            f'fill="{colour}"/>'
        )
    words = f"{trend.label}: {show_value(values[-1], trend.unit)}, usually {usual_value(trend)}"
    return [*bars, f'<text x="{left}" y="{top + 68}" font-size="12" fill="{SOFT}">{words}</text>']


def _picture(parts: Sequence[str], height: int) -> str:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="{INK}">'
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
