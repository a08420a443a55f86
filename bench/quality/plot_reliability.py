"""Draw how often the flags on names are right: `python -m bench.quality.plot_reliability docs/names-reliability.svg`.

Takes the figures in `cleaners/names/judge/decision.json`, which are of people that the judging model did not see.
"""

from __future__ import annotations

import argparse
import json
from importlib.resources import files
from pathlib import Path

SIDE = 320  # of the square, in pixels
MARGIN = 56
COLOURS = {"wrong_given": "#b03a2e", "misspelling": "#1f618d"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    decision = json.loads(files("cleaners.names.judge").joinpath("decision.json").read_text(encoding="utf-8"))
    out.write_text(draw({kind: decision["figures"][kind]["reliability"] for kind in COLOURS}), encoding="utf-8")


def draw(bins_of: dict[str, list[dict[str, float]]]) -> str:
    """A reliability plot as SVG: a circle a bin, its area grows with the flags in it; right on the diagonal is honest."""
    edge = MARGIN + SIDE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {edge + 24} {edge + 40}" font-family="sans-serif" font-size="12">',
        f'<rect x="{MARGIN}" y="16" width="{SIDE}" height="{SIDE}" fill="white" stroke="#888"/>',
        f'<line x1="{MARGIN}" y1="{16 + SIDE}" x2="{edge}" y2="16" stroke="#888" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = MARGIN + tick * SIDE, 16 + (1 - tick) * SIDE
        parts.append(f'<text x="{x:.0f}" y="{32 + SIDE}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{tick:g}</text>')
    parts.append(
        f'<text x="{MARGIN + SIDE / 2:.0f}" y="{50 + SIDE}" text-anchor="middle">confidence of the flag</text>'
    )
    middle = 16 + SIDE / 2
    parts.append(
        f'<text x="14" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 14 {middle:.0f})">share right</text>'
    )
    for row, (kind, bins) in enumerate(bins_of.items()):
        colour = COLOURS[kind]
        for found in bins:
            x, y = MARGIN + found["confidence"] * SIDE, 16 + (1 - found["right"]) * SIDE
            radius = 3 + min(found["n"], 100.0) ** 0.5
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.6">'
                f"<title>{kind}: {found['right']:.2f} of {found['n']:g} right at {found['confidence']:.2f}</title></circle>"
            )
        parts.append(f'<circle cx="{MARGIN + 16}" cy="{34 + 18 * row}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{MARGIN + 28}" y="{38 + 18 * row}">{kind.replace("_", " ")}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
