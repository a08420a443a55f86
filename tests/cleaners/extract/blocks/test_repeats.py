"""Blocks that repeat: placeholders go whatever their language, rightful repeats stay."""

import numpy as np
from lxml.html import document_fromstring

from cleaners.extract.blocks.blocks import split_blocks
from cleaners.extract.blocks.repeats import find_repeats

STORY = [f"The {what} of the old tile works was sold to a family from the valley in the spring." for what in
         ("kiln", "yard", "gate", "crane", "shed", "mill")]  # fmt: skip
HOLDER = "Dies Bild wird erst dann geladen, wenn Sie dem Anbieter erlauben, Ihre Daten zu lesen."


def left(parts: list[str]) -> list[str]:
    page = split_blocks(document_fromstring(f"<body><div class='text'>{''.join(parts)}</div>"))
    ruled = find_repeats(page, 0, np.ones(len(page.blocks), bool))
    return [block.text for block, is_ruled in zip(page.blocks, ruled, strict=True) if not is_ruled]


def p(text: str) -> str:
    return f"<p>{text}</p>"


def test_a_box_that_stands_twice_goes_with_its_label() -> None:
    box = f"<div><p>Inhalt gesperrt</p><p>{HOLDER}</p></div>"
    assert left([p(STORY[0]), box, *map(p, STORY[1:4]), box, *map(p, STORY[4:])]) == STORY


def test_a_sentence_that_stands_three_times_among_the_paragraphs_goes() -> None:
    assert left([p(part) for sentence in STORY for part in (sentence, HOLDER)]) == STORY


def test_of_a_body_that_stands_twice_one_stays() -> None:
    assert left([*map(p, STORY), *map(p, STORY)]) == STORY


def test_questions_labels_and_steps_of_a_list_may_come_again() -> None:
    question = "What did you think when you heard that the works were to be sold after all these years?"
    step = "<ul><li>Walk for ten minutes along the canal before you begin to run at your usual speed.</li></ul>"
    parts = [p(part) for sentence in STORY[:3] for part in (question, sentence, "Who pays?")]
    assert len(left([*parts, step, step, step])) == 12
