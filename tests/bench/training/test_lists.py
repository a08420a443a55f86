"""Lists and tables of a story, as training pages have them."""

from __future__ import annotations

import random

from bench.training.cards import WORDS
from bench.training.lists import put_rows

PARAGRAPHS = [
    [
        "The harbour board met in the old hall by the quay.",
        "Ana Lund and Marta Roe voted against the plan, as Per Holm did.",
    ],
    ["“We are ready to sail again,” she said of the boats."],
]


def test_a_list_stands_behind_the_first_paragraph_and_leaves_the_story_whole() -> None:
    sizes = set()
    for seed in range(60):
        for language, words in WORDS.items():
            found = put_rows(
                random.Random(f"{seed} {language}"),
                PARAGRAPHS,
                {**words, "places": ["Ashby", "Corran"]},
                lambda _: "Ana Lund",
            )
            assert found[0] == PARAGRAPHS[0]
            assert [part for part in found if part in PARAGRAPHS] == PARAGRAPHS
            rows = [part[0] for part in found if part not in PARAGRAPHS]
            assert all(row.strip() and "\n" not in row for row in rows)
            sizes.add(len(rows))
    assert min(sizes) >= 4
    assert max(sizes) > 20
