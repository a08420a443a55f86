"""Mojibake repaired, and nothing changed that was right."""

import unicodedata
from pathlib import Path

import pytest
from ftfy import fix_encoding
from ftfy.badness import MOJIBAKE_CATEGORIES
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.decoding import decode_text
from cleaners.text import TextConfig, drop_surrogates, repair_text
from tests.cleaners.languages import (
    ARABIC,
    CHINESE,
    CZECH,
    FRENCH,
    GERMAN,
    GREEK,
    JAPANESE,
    KOREAN,
    RUSSIAN,
    TAIWANESE,
    TURKISH,
)

CONFIG = TextConfig()
SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem[:3])
def test_the_seeds_pass_unchanged(seed):
    text = seed.read_bytes().decode("utf-8")
    assert decode_text(seed.read_bytes(), CONFIG) == text
    assert repair_text(text, CONFIG) == text


@pytest.mark.parametrize(
    "text", [FRENCH, GERMAN, CZECH, TURKISH, RUSSIAN, GREEK, JAPANESE, CHINESE, TAIWANESE, KOREAN, ARABIC]
)
def test_text_that_is_right_stays(text):
    assert repair_text(text, CONFIG) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "kept",
    [
        "‘single’ “double” «guillemets» – dash — … ·",
        "ﬁrst ﬂoor",
        "Ｆｕｌｌ　ｗｉｄｔｈ ﾊﾝｶｸ",
        "10\u00a0000\u202f€, thin\u2009space",
        "a < b, AT&T & Sons, R&D;",
        "family 👨\u200d👩\u200d👧, flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿, heart ❤️",
        "می\u200cخواهم and क\u094d\u200dष",
        "tab\tand\n\nlines\n",
    ],
)
def test_what_has_a_meaning_is_left_alone(kept):
    assert repair_text(kept, CONFIG) == kept


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("Nvidiaâ€™s chips", "Nvidia’s chips"),
        ("â€œcafÃ©â€\x9d", "“café”"),
        (RUSSIAN.encode().decode("latin-1"), RUSSIAN),
        ("cafe\u0301", "café"),
        ("one\r\ntwo\rthree\u2028four\u2029five\x0bsix\x0cseven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("\ufeffstart zero\u200bwidth soft\u00adhyphen word\u2060joiner", "start zerowidth softhyphen wordjoiner"),
        ("\u202eright\u202c to \u2066left\u2069\u200e", "right to left"),
        ("nul\x00 bell\x07 escape\x1b[31mred\x1b[0m", "nul bell escapered"),
        ("pair \ud83d\ude00 lone \ud83d end", "pair 😀 lone  end"),
        ("join\u200ded stray\u200c", "joined stray"),
        ("wait\x85 \x93quoted\x94", "wait… “quoted”"),
        ("non\ufffecharacter \U000e0041tag", "noncharacter tag"),
    ],
)
def test_what_is_broken_is_repaired(broken, right):
    assert repair_text(broken, CONFIG) == right


def test_mojibake_repair_can_be_turned_off():
    assert repair_text("Nvidiaâ€™s", TextConfig(repair_mojibake=False)) == "Nvidiaâ€™s"


MESSY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "â€™œÃ©¢\x9d\x80\u200b\u200c\u200d\u202e\ufeff\r\n\x00\x1b[m\u0301\ud83d\ude00\U0001f3f4\U000e0067"
        ),
    ),
    max_size=60,
)


@given(MESSY)
def test_repair_is_idempotent_and_leaves_nothing_invisible(text):
    once = repair_text(text, CONFIG)
    assert repair_text(once, CONFIG) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode("utf-8")
    assert not [c for c in once if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert not set(once) & set("\r\u200b\u200e\u200f\u202a\u202e\u2066\ufeff\u00ad")


# Parts of ftfy's pattern of mojibake, among plain words and line ends.
SUSPECT = st.text(
    st.sampled_from("".join(map(str, MOJIBAKE_CATEGORIES.values())) + 4 * "ÂÃâ€™ВГΒβÎØÙà√ aZz.1\n"), max_size=40
)


@given(st.text("aZ1 \n.,'“”‘’–—…\u00a0", max_size=12))
def test_a_text_of_plain_characters_and_typographic_marks_stays(text):
    assert repair_text(text, CONFIG) == text
    assert [fix_encoding(line) for line in text.split("\n")] == text.split("\n")


@given(SUSPECT)
@example("a line.\n\u00c2 begins with one that is alone")
def test_no_line_that_ftfy_would_repair_is_passed_over(text):
    once = repair_text(text, CONFIG)
    assert [fix_encoding(line) for line in once.split("\n")] == once.split("\n")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_without_surrogates_keep_every_character_of_theirs(text):
    assert drop_surrogates(text) == text
    assert drop_surrogates(text + "\udc00") == text


# ---- left-over markup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The quay opens.<br><br/>It closes at six.", "The quay opens.\n\nIt closes at six."),
        ("<p>The quay opens.</p><p class='x'>It closes.</p>", "\n\nThe quay opens.\n\nIt closes.\n\n"),
        ("fish&nbsp;&amp; chips&#39; price&#8217;s", "fish & chips' price’s"),
        ('A <b>bold</b> <a href="https://a.example/?x=1&amp;y=2">link</a>.', "A bold link."),
        ("one&lt;br&gt;two", "one\ntwo"),
    ],
)
def test_left_over_markup_is_repaired(text, expected):
    assert repair_text(text, CONFIG) == expected
    assert repair_text(expected, CONFIG) == expected
    assert repair_text(text, TextConfig(repair_markup=False)) == text


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > c; AT&T; R&D",
        "if (a < b) { return x &amp;&amp; y; }",
        "The <br> tag breaks a line.",
        'He typed "<b>" and left.',
        "a List<p> of x <b and c> d",
        "The company &more; a <3 for you",
    ],
)
def test_code_and_comparisons_stay(text):
    assert repair_text(text, CONFIG) == text
