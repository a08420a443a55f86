"""Draw how the pipeline's cost grows, as SVG: takes the first runs' figures by size, gives time and memory over articles.

Both axes are logarithmic, so that a cost that grows in a line lies on a slope of one; `bench/scale/pipeline.py` calls it.
"""

from __future__ import annotations

import math
from typing import Any

WIDTH, HEIGHT, MARGIN, GAP = 380, 300, 64, 84
STEPS = ("extract", "learn", "strip", "match", "names", "assemble")
COLOURS = ("#1f618d", "#b9770e", "#b03a2e", "#1e8449", "#7d3c98", "#5d6d7e")
PER_DOCUMENT = 1 / 350  # the aim, seconds


def draw(runs: list[dict[str, Any]]) -> str:
    """Two panels: seconds by step and in all, with the aim; peak memory of all processes and of the main one alone.

    Args:
        runs: `first` of the figures of each size, the smallest first; `records` gives the size.
    """
    sizes = [int(run["records"]) for run in runs] or [10_000]
    low, high = _decades(min(sizes), max(sizes))
    whole = 2 * (MARGIN + WIDTH) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {HEIGHT + 110}" font-family="sans-serif" font-size="12">',
        f'<rect width="{whole}" height="{HEIGHT + 110}" fill="white"/>',
    ]
    lines = [(step, colour, [_step(run, step) for run in runs]) for step, colour in zip(STEPS, COLOURS, strict=True)]
    lines.append(("in all", "#000", [float(run["total"]["seconds"]) for run in runs]))
    lines.append(("aim: 350 documents/s", "#999", [size * PER_DOCUMENT for size in sizes]))
    parts += _panel(MARGIN, "seconds of wall clock", sizes, (low, high), lines)
    memory = [
        ("all processes", "#b03a2e", [float(run["total"]["peak_mb"]) for run in runs]),
        ("without mapped files", "#b9770e", [float(run["total"]["anonymous_mb"]) for run in runs]),
        ("main process alone", "#1f618d", [float(run["total"]["main_mb"]) for run in runs]),
        ("aim: 4 GB", "#999", [4096.0 for _ in runs]),
    ]
    parts += _panel(MARGIN + WIDTH + GAP, "peak memory, MB", sizes, (low, high), memory)
    return "\n".join([*parts, "</svg>", ""])


def _step(run: dict[str, Any], step: str) -> float:
    return max(0.01, float(run["steps"].get(step, {}).get("seconds", 0.0)))


def _panel(
    left: float, title: str, sizes: list[int], across: tuple[int, int], lines: list[tuple[str, str, list[float]]]
) -> list[str]:
    values = [value for _, _, points in lines for value in points] or [1.0]
    bottom, top = _decades(min(values), max(values))

    def x(size: float) -> float:
        return left + WIDTH * (math.log10(size) - across[0]) / (across[1] - across[0])

    def y(value: float) -> float:
        return 24 + HEIGHT * (top - math.log10(max(value, 10.0**bottom))) / (top - bottom)

    parts = [
        f'<text x="{left}" y="14" font-weight="bold">{title}</text>',
        f'<rect x="{left}" y="24" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>',
        f'<text x="{left + WIDTH / 2:.0f}" y="{HEIGHT + 58}" text-anchor="middle">articles</text>',
    ]
    for decade in range(across[0], across[1] + 1):
        parts.append(f'<text x="{x(10**decade):.0f}" y="{HEIGHT + 40}" text-anchor="middle">{10**decade:,}</text>')
        parts.append(
            f'<line x1="{x(10**decade):.0f}" y1="24" x2="{x(10**decade):.0f}" y2="{24 + HEIGHT}" stroke="#ddd"/>'
        )
    for decade in range(bottom, top + 1):
        parts.append(f'<text x="{left - 6}" y="{y(10.0**decade) + 4:.0f}" text-anchor="end">{10.0**decade:,g}</text>')
        parts.append(
            f'<line x1="{left}" y1="{y(10.0**decade):.0f}" x2="{left + WIDTH}" y2="{y(10.0**decade):.0f}" stroke="#ddd"/>'
        )
    for number, (name, colour, points) in enumerate(lines):
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, points, strict=True))
        dash = ' stroke-dasharray="5 4"' if name.startswith("aim") else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>')
        for size, value in zip(sizes, points, strict=True):
            if not dash:
                parts.append(
                    f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}">'
                    f"<title>{name}: {value:,.1f} at {size:,}</title></circle>"
                )
        place_x, place_y = left + 124 * (number % 3), HEIGHT + 76 + 16 * (number // 3)
        parts.append(f'<rect x="{place_x}" y="{place_y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{place_x + 15}" y="{place_y}">{name}</text>')
    return parts


def _decades(least: float, most: float) -> tuple[int, int]:
    """Powers of ten around some values, one apart at least."""
    low, high = math.floor(math.log10(max(least, 1e-2))), math.ceil(math.log10(max(most, 1e-2)))
    return low, max(high, low + 1)
