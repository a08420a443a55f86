"""Evidence of a whole batch about single words: which stand before surnames, which are common words.

Takes the texts and the mentions of people found in them, gives the given names and surnames that the batch itself
teaches and the words it writes mostly in lower case; recognition leans on these where the word lists know nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl

from cleaners.names.judge.words import Pieces, find_lower_words
from cleaners.names.lexicon.lexicon import load_lexicon
from cleaners.names.recognise.full_names import STRONG

MIN_SURNAMES = 2  # people of different surnames that make a word a given name
MIN_FAMILY_TEXTS = 20  # texts with a surname from which the batch knows it as one; a choice
MIN_FAMILY_SHARE = 0.5  # of the full names of that surname that are one person's; a choice
FAMILY_RATIO = 5  # times as often behind a given name, or alone, as before a surname; a choice


@dataclass(frozen=True)
class BatchWords:
    """Folded words of a batch."""

    given: frozenset[str]  # the first name of people with different surnames
    people_of: dict[str, int]  # surname -> people of that surname, or titled bearers, on their texts' own evidence
    family: frozenset[
        str
    ]  # surnames so well known that before another one they open no name: "impeaches Roe Doe aims to"
    common: frozenset[str]  # written in lower case in more texts than as part of a name

    def is_given(self, name: str) -> bool:
        """Tell whether the lists or the batch know a folded given name."""
        return name in load_lexicon().given or name in self.given


def learn_words(sample: Pieces, share: float, people: pl.DataFrame) -> BatchWords:
    """Learn the words of a batch. The cost is linear in the sample's length and in the mentions.

    Args:
        sample: pieces of the texts of some of the articles.
        share: how large a share of the articles the sample is.
        people: mentions of people in all the articles, as `find_mentions` gives them.
    """
    titles = load_lexicon().titles
    surnames: dict[str, set[str]] = defaultdict(set)
    bearers: dict[str, set[str]] = defaultdict(set)
    # Names as numbers: they are counted several times, and a number is met faster than a word.
    coded = people.select(
        "strength",
        "is_titled",
        pl.col("article_id", "given", "surname").cast(pl.Categorical(pl.Categories.random())),
    )
    strong = coded.filter(pl.col("strength") >= STRONG)
    for given, surname, is_titled in strong.select("given", "surname", "is_titled").unique().iter_rows():
        if given and given not in titles:
            surnames[given].add(surname)
        if given or is_titled:
            bearers[surname].add(given)
    return BatchWords(
        given=frozenset(g for g, of in surnames.items() if len(of) >= MIN_SURNAMES and len(g) > 2),
        people_of={surname: len(of) for surname, of in bearers.items()},
        family=_family_words(strong),
        common=_common_words(sample, share, coded),
    )


def _family_words(strong: pl.DataFrame) -> frozenset[str]:
    """The surnames of one person known to many texts that hardly ever stand before another."""
    named = strong.select("article_id", "given", "surname").unique()
    in_front = dict(named.select("article_id", "given").unique().group_by("given").len().iter_rows())
    behind = named.select("article_id", "surname").unique().group_by("surname").len()
    full = named.filter(pl.col("given") != "").group_by("surname", "given").len("n")
    shares = full.group_by("surname").agg(pl.col("n").max() / pl.col("n").sum())
    share_of = dict(shares.iter_rows())
    given = load_lexicon().given
    return frozenset(
        word
        for word, n in behind.iter_rows()
        if n >= MIN_FAMILY_TEXTS
        and n >= FAMILY_RATIO * in_front.get(word, 0)
        and share_of.get(word, 0.0) >= MIN_FAMILY_SHARE
        and word not in given
    )


def _common_words(sample: Pieces, share: float, people: pl.DataFrame) -> frozenset[str]:
    """The parts of names that more texts write in lower case than use in a name."""
    in_names = (
        people.select("article_id", "given", "surname")
        .unique()
        .group_by("given", "surname")
        .len("n_names")
        .select("n_names", word=pl.concat_str("given", "surname", separator=" ").str.split(" ").list.unique())
        .explode("word")
        .filter(pl.col("word") != "")
        .group_by("word")
        .agg(pl.col("n_names").sum())
    )
    found = find_lower_words(sample, in_names["word"])
    counted = pl.DataFrame(
        {"word": found.different, "n_texts": np.bincount(found.numbers, minlength=len(found.different))}
    )
    lower = counted.join(in_names, on="word")
    return frozenset(lower.filter(pl.col("n_texts") > share * pl.col("n_names"))["word"])
