"""Junk placed again: exact spans, whole stories, no new text; and folds that keep a string on one side."""

import pytest

from bench.training.placements import place_again
from bench.training.strip_sets import fold_junk

STORY = [
    f"The {place} ferry was late on day {number}. Its captain blamed fog." for number in range(9) for place in ("east",)
]


def make_rows(layout: str, gap: str) -> list[dict[str, object]]:
    rows = []
    for number in range(8):
        story = gap.join(f"{part} Story {number}." for part in STORY)
        banner, tail = f"Sign up for letter {number}", f"Read: Story number {number} of the week"
        text = banner + gap + story + gap + tail + gap + "Advertisement"
        starts = [0, text.index(tail), text.index("Advertisement")]
        spans = [
            {"start": start, "end": start + len(junk), "text": junk, "kind": kind, "placement": place}
            for start, junk, kind, place in zip(
                starts,
                (banner, tail, "Advertisement"),
                ("signup_banner", "read_more_link", "ad_marker"),
                ("start", "inline", "end"),
                strict=True,
            )
        ]
        rows.append(
            {"id": f"d{number}", "source": "gull", "layout": layout, "title": f"Ferry {number}", "gold_text": story}
            | {"contaminated_text": text, "spans": spans}
        )
    return rows


def solid(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(("layout", "gap"), [("lines", "\n"), ("paragraphs", "\n\n"), ("one_line", " ")])
def test_placed_again_spans_are_exact_and_stories_whole(layout: str, gap: str) -> None:
    rows = make_rows(layout, gap)
    placed = place_again(rows, 3)
    assert placed == place_again(rows, 3)
    assert {row["id"] for row in placed if "version" not in row["id"]} == {row["id"] for row in rows}
    moved = 0
    for row in placed:
        text, position, kept = row["contaminated_text"], 0, ""
        for span in row["spans"]:
            assert text[span["start"] : span["end"]] == span["text"]
            kept += text[position : span["start"]]
            position = span["end"]
        assert solid(kept + text[position:]) == solid(row["gold_text"])
        moved += row["gold_text"] != next(old["gold_text"] for old in rows if row["id"].startswith(old["id"]))
    assert moved > len(rows) / 2


def test_versions_hold_nothing_that_their_story_does_not() -> None:
    versions = [row for row in place_again(make_rows("lines", "\n"), 3) if "-version-" in row["id"]]
    assert versions
    for row in versions:
        number = row["gold_text"].rsplit("Story ", 1)[1]
        assert not row["spans"]
        assert set(row["gold_text"].split("\n")) <= {f"{part} Story {number}" for part in STORY}


def test_strings_that_share_words_share_a_fold() -> None:
    banner = "Get the Lindmouth morning briefing in your inbox every single day of the week"
    texts = [f"A story. {banner} for free", f"Another one. {banner}", "A third. Advertisement"]
    spans = [[{"start": text.index(". ") + 2, "end": len(text)}] for text in texts]
    first, second, _ = fold_junk([(False, text, span) for text, span in zip(texts, spans, strict=True)])
    assert {fold for _, _, fold in first} == {fold for _, _, fold in second}
