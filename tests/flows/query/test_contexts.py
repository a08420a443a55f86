"""The sentence around a name, and what stands beside it."""

from __future__ import annotations

import time

from flows.query.contexts import BESIDE_CHARS, SENTENCE_CHARS, find_context

TEXT = (
    "The strike ended on Friday. Ships wait outside the port of Vanmouth.\n"
    "The offer came from Mr. Philip Cardwell, whom the dockers trust. He left early. Nobody saw him go."
)


def context(text: str, name: str) -> tuple[str, ...]:
    start = text.index(name)
    return find_context(text, start, start + len(name))


def test_a_sentence_ends_at_its_stop_and_at_its_line() -> None:
    lead, before, surface, after, tail = context(TEXT, "Philip Cardwell")
    assert (before, surface, after) == ("The offer came from Mr. ", "Philip Cardwell", ", whom the dockers trust.")
    assert lead == "The strike ended on Friday. Ships wait outside the port of Vanmouth.\n"
    assert tail == " He left early. Nobody saw him go."


def test_the_parts_are_the_text() -> None:
    for name in ("The strike", "Vanmouth.", "go."):
        assert "".join(context(TEXT, name)) == TEXT


def test_what_is_cut_is_cut_at_a_word_and_says_so() -> None:
    words = "word " * 1_000
    lead, before, _, after, tail = context(f"{words}Philip Cardwell {words}", "Philip Cardwell")
    assert before.startswith("… word")
    assert after.endswith("word …")
    assert max(len(before), len(after)) <= SENTENCE_CHARS + 2
    assert max(len(lead), len(tail)) <= BESIDE_CHARS + 2


def test_a_text_without_words_or_stops_is_no_trouble() -> None:
    began = time.process_time()
    for text in ("x" * 2_000_000, "." * 2_000_000, "\n" * 2_000_000, "a. " * 700_000):
        middle = len(text) // 2
        found = find_context(text, middle, middle + 3)
        assert found.surface == text[middle : middle + 3]
        assert sum(map(len, found)) < 2 * (SENTENCE_CHARS + BESIDE_CHARS) + 20
    assert time.process_time() - began < 1
