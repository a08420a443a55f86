"""Capitalised runs: the quick ways to find them give what the plain ones give."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.names.lexicon import kinds
from cleaners.names.recognise import around, capitals, full_names, organisations, pieces

WORDS = [
    *(
        "Ana",
        "Mr.",
        "St.",
        "Prof.",
        "J.",
        "J.-K.",
        "AB",
        "al-Assad",
        "ul-Haq",
        "an-Nur",
        "and",
        "as-",
        "de",
        "van",
        "O'Neil's",
        "É",
    ),
    *(
        "Économie",
        "x",
        "U.N",
        "Example.com",
        "@Ana",
        "#Ana",
        "Lund-led",
        "the",
        "minister",
        "minister,",
        "Bill",
        "Woods",
        "a1",
    ),
]
TEXTS = st.lists(
    st.tuples(
        st.sampled_from(WORDS), st.sampled_from([" ", " ", "\u00a0", "\n", "", "-", ".", ", ", "'", "_", "/", "  "])
    ),
    max_size=14,
).map(lambda pairs: "".join(word + between for word, between in pairs))
NAMES = tuple((name, name) for name in ("Acme", "Acme Bank", "Bank", "UN"))
KNOWN = organisations.Organisations(NAMES)
PLAIN_RUN = re.compile(
    rf"(?<![\w@#&$.'’\-]){pieces._TOKEN}"
    rf"(?:[ \u00a0]?(?:(?<=[ \u00a0.]){pieces._PARTICLE}[ \u00a0]){{0,3}}(?<=[ \u00a0.]){pieces._TOKEN})*"
)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_runs_are_those_of_a_pattern_that_looks_behind_first(text: str) -> None:
    runs = [one.span() for one in PLAIN_RUN.finditer(text)]
    assert [one.span() for one in pieces._RUN.finditer(text)] == runs
    parts = pieces.split_runs(text)
    assert "".join(parts) == text
    assert parts[1::2] == [text[start:end] for start, end in runs]
    if not pieces._ARTICLE.search(text):
        assert [one.span() for one in pieces._RUN_WITHOUT_ARTICLES.finditer(text)] == runs


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*" \t\n\u00a0/,;('.0", "who", "AP", "via AP", "a minister", "62", "Roe", "said"]), max_size=4
    )
)
def test_where_nothing_can_follow_a_name_nothing_does(parts: list[str]) -> None:
    behind = "".join(parts)
    if not full_names._TELLS.match(behind):
        patterns = (full_names._BYLINE_AFTER, full_names._CREDIT_AFTER, full_names._AFTER_ROLE, full_names._AGE)
        assert not any(pattern.match(behind) for pattern in (*patterns, full_names._RESULT))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_word_before_is_the_last_of_the_words_before(text: str) -> None:
    for position in range(len(text) + 1):
        assert around.word_before(text, position) == (around.words_before(text, position) or [""])[-1]


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["the", "a", "and", "minister", "van", "as", "led", "neil", "as-", "lund", "é", ""]))
def test_a_word_sought_is_one_of_those_collected(text: str, word: str) -> None:
    lower = capitals._LowerWords(text)
    sought = [word in lower for _ in range(capitals._MAX_SOUGHT + 1)]
    assert len(set(sought)) == 1
    assert sought[0] == (word in set(capitals._LOWER_WORDS.findall(text)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Acme", "Acme Bank", "Bank", "UN", "@UN", "'UN", "&Bank", "-", " ", ".", "a", "\n"]),
        max_size=10,
    )
)
def test_organisations_are_those_of_a_pattern_that_looks_behind_first(parts: list[str]) -> None:
    text = "".join(parts)
    pattern = organisations.make_pattern(NAMES)
    plain = re.compile(r"(?<![\w@#.\-])(?:Acme Bank|Acme|Bank|UN)(?![\w@])")
    assert pattern is not None
    spans = [one.span() for one in plain.finditer(text)]
    assert [one.span() for one in pattern.finditer(text)] == spans
    found, _ = KNOWN.find(text, pieces.split_runs(text))
    assert [(start, end) for start, end, _ in found] == spans


def test_a_long_run_is_judged_but_not_kept() -> None:
    kinds._judge_again.cache_clear()
    assert len(kinds.judge_words("Ana Lund " * 20 + "Ana").kinds) == 41
    assert kinds._judge_again.cache_info().currsize == 0
    assert kinds.judge_words("President Ana Lund") is kinds.judge_words("President Ana Lund")
