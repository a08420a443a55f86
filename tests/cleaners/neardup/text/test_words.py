import polars as pl
import pytest

from cleaners.neardup.constants import LONGEST_UNCLOSED
from cleaners.neardup.text.fold import normalise_texts
from cleaners.neardup.text.words import read_words


def quoted(text: str) -> str:
    """The quoted words of a text, folded."""
    words = normalise_texts(pl.Series([text]))[0].split()
    return " ".join(
        word for word, is_quoted in zip(words, read_words(pl.Series([text])).is_quoted, strict=True) if is_quoted
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said, "we wait" and left.', "we wait"),
        ("He said, “we wait” and left.", "we wait"),
        ("Er sagte: „Wir warten“, und ging.", "wir warten"),
        ("Il a dit « nous attendons » hier.", "nous attendons"),
        ('A (“late“) word and a "wrong“ pair.', "late wrong"),
        ("市长说「等待」然后离开", "\x7f等 \x7f待"),
        ("She wrote 'we wait', the captain's log says.", ""),
        ('The 12" gun and the 5\'10" man waited.', ""),
        ('He said" and "then"nothing', "then nothing"),
        ('½ "we" ﬁnd "no ﬁsh" now', "we no fish"),
        ("No marks at all", ""),
        ("", ""),
    ],
)
def test_what_stands_in_quotation_marks(text, expected):
    assert quoted(text) == expected


def test_paragraphs_of_one_quotation_open_again_and_are_all_quoted():
    assert quoted("“One two.\n\n“Three four.\n\n“Five six,” he said.") == "one two three four five six"
    assert quoted("“One two.”\n\nThree four.\n\n“Five six,” he said.") == "one two five six"


def test_a_mark_that_nothing_closes_quotes_no_whole_article():
    assert len(quoted('"' + "word " * 500).split()) == LONGEST_UNCLOSED
    assert len(quoted('"' + "word " * 499 + 'word" said he').split()) == 500
    assert len(quoted('"' + "word " * 500 + '"more" said he').split()) == LONGEST_UNCLOSED + 1


def test_texts_do_not_quote_each_other():
    words = read_words(pl.Series(['"open', "plain", 'closed"', None, "plain"]))
    assert words.is_quoted.tolist() == [True, False, False, False]
