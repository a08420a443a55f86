"""The bench of the recogniser reads what the annotated sets say, and counts as they are counted."""

from __future__ import annotations

import pytest

from bench.quality.recogniser import read_documents, score

IOB1 = """-DOCSTART- -X- O O

Clara NNP I-NP I-PER
Whitfield NNP I-NP I-PER
Jan NNP I-NP B-PER
( ( O O
Bremsk NNP I-NP I-LOC
) ) O O
. . O O

Brandt NNP I-NP I-PER
's POS O O
"""
IOB2 = "# newdoc id = a\n# text = x\n1\tClara\tB-PER\t-\tnote\n2\t,\tO\t-\tnote\n# newdoc id = b\n1\tJan\tO\t-\t-\n"


def test_documents_are_running_text_with_the_spans_of_people() -> None:
    [(text, people)] = read_documents(IOB1, 0, -1)
    assert text == "Clara Whitfield Jan (Bremsk).\nBrandt's\n"
    assert [text[start:end] for start, end in people] == ["Clara Whitfield", "Jan", "Brandt"]
    first, second = read_documents(IOB2, 1, 2)
    assert (first, second) == (("Clara,", [(0, 5)]), ("Jan\n", []))


def test_without_marks_each_sentence_is_a_document() -> None:
    assert list(read_documents("Jan\tB-person\n\nspoke\tO\n", 0, -1)) == [("Jan", [(0, 3)]), ("spoke", [])]


@pytest.mark.parametrize(
    ("how", "figures"), [("whole", "P 0.500 R 0.333 F1 0.400"), ("touching", "P 1.000 R 0.667 F1 0.800")]
)
def test_score_by_whole_spans_and_by_touch(how: str, figures: str) -> None:
    assert score([("", [(0, 5), (10, 20), (30, 40)])], [[(0, 5), (12, 20)]], how) == figures
