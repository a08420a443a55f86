"""Captions found by their credits, wherever they stand; what has a slash or an agency's name and is no credit stays."""

import time

import numpy as np
import pytest

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.captions import find_captions
from cleaners.junk.page.page import Page
from cleaners.junk.page.tokens import KeyTable, hash_ngrams, tokenize

BEFORE, BEHIND = "The board met on Tuesday. ", " It will meet again in June, the chairman said."


def extents(text: str) -> set[str]:
    return {text[passage.start : passage.end] for passage in find_captions(Page(text))}


@pytest.mark.parametrize(
    "caption",
    [
        "The eastern quay seen from the market on March 3, 2031. Ana Lund/Getty Images",
        "Planks lie on the eastern quay (Ana Lund / Harbour Times)",
        "Ida Brandt, left, looks at the quay. (Ana Lund/Harbour News Service via AP)",
        "The eastern quay in fog. Photo by Ana Lund",
        "The quay. / Credit: ANA LUND/AFP via Getty Images",
        "A crane on the quay last week. AP Photo/Ana Lund, File",
        "The quay before the storm. Courtesy of Lindmouth Harbour",
        "Planks on the quay. Credit...Ana Lund for The Harbour Times",
        "The quay at night [Ana Lund/Reuters]",
    ],
)
def test_a_caption_inside_a_paragraph_is_proposed_whole(caption: str) -> None:
    assert caption in extents(BEFORE + caption + BEHIND)
    assert caption in extents(f"{BEFORE}\n{caption}\n{BEHIND.strip()}")


def test_a_labelled_caption_ends_where_a_sentence_visibly_begins() -> None:
    found = extents(
        BEFORE + "Image caption Planks lie on the eastern quay after the storm The board will meet again in June."
    )
    assert "Image caption Planks lie on the eastern quay after the storm" in found


@pytest.mark.parametrize(
    "text",
    [
        "Sales and/or profits rose by 4/5 over 24/7 trading, he told Reuters and AP on Monday.",
        "LINDMOUTH (Reuters) - The board met on Tuesday.",
        "He told the Associated Press on Monday that the photo by the quay was old.",
        "Read https://gull.example/Photo/Ana for more.",
        "The board met on Tuesday. It will meet again on Fridays. REUTERS",
    ],
)
def test_text_without_a_credit_is_left_alone(text: str) -> None:
    assert extents(text) == set()


def test_no_caption_is_cut_without_the_layers_word() -> None:
    text = BEFORE + "Planks lie on the eastern quay. Ana Lund/Getty Images" + BEHIND
    assert all(passage.confidence < StripConfig().min_confidence for passage in find_captions(Page(text)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["Getty ", "A. B. C. /", "(Photo by A", "Aa/", "Courtesy of the ", "[File: ", "A\n/ B", "Photo", "AP"]
)
def test_time_is_linear_on_hostile_input(unit: str) -> None:
    def seconds(size: int) -> float:
        page = Page(unit * (size // len(unit)))
        start = time.process_time()
        list(find_captions(page))
        return time.process_time() - start

    seconds(1000)
    assert seconds(40_000) < 10 * seconds(10_000) + 0.5


def test_a_key_table_finds_what_a_search_finds() -> None:
    chance = np.random.default_rng(5)
    keys = np.sort(chance.integers(0, 2**63, 5000).astype(np.uint64) * np.uint64(2))
    keys = np.sort(np.concatenate((keys, keys[::7])))
    wanted = np.concatenate((keys[::3], keys[::5] + np.uint64(1), hash_ngrams(tokenize(BEHIND).hashes, 3)))
    found, rows = KeyTable(keys).find(wanted)
    assert found.tolist() == np.flatnonzero(np.isin(wanted, keys)).tolist()
    assert rows.tolist() == np.searchsorted(keys, wanted[found]).tolist()
    assert KeyTable(keys[:0]).find(wanted)[0].tolist() == []
