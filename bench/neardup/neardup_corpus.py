"""A corpus of made-up news with known near-duplicates, of any size: what `bench/neardup/compare.py` measures growth on.

Takes a number of articles, writes Parquet (article_id, title, text, site, published_at, cluster_id). Words follow Zipf's
law, set phrases recur as they do in newspapers; a fifth of the articles repeat an earlier one (word for word, cut, with a
new lead, with words changed), a twentieth are notices of one form with other names and figures, which repeat nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

N_WORDS = 60_000
N_PHRASES = 4_000
WORDS_A_TEXT = 300
ARTICLES_AT_ONCE = 50_000
N_RECENT = 20_000
SHARE_OF_COPIES = 0.2
SHARE_OF_NOTICES = 0.05
SYLLABLES = [consonant + vowel for consonant in "bcdfghklmnprstvw" for vowel in "aeio"]
NOTICE = (
    "{0} posted results for the quarter. Shr {n} cts vs {n} cts. Net {n} vs {n}. Revs {n} mln vs {n} mln. Avg shrs {n} mln vs {n}. "
    "Note: year-ago figures were restated for a change in accounting. {0} of {1} said orders at its plant in {2} rose to {n} "
    "units, while {3} {4}, its chairman, expects about {n} for the year."
)


class Original(NamedTuple):
    """A story that others may repeat."""

    cluster: int
    title: str
    words: list[str]
    day: int


class Generator:
    """Makes articles; the same seed gives the same ones."""

    def __init__(self, seed: int = 0) -> None:
        """Make the vocabulary and the set phrases."""
        self._random = np.random.default_rng(seed)
        ranks = np.arange(1, N_WORDS + 1)
        self._upto = np.cumsum(1 / ranks) / (1 / ranks).sum()
        lengths = self._random.integers(1, 5, N_WORDS)
        lengths[:200] = 1
        self._words = np.array(["".join(self._random.choice(SYLLABLES, n)) for n in lengths], dtype=object)
        self._names = np.array([word.capitalize() for word in self._words], dtype=object)
        phrases = [self._draw(int(n)) for n in self._random.integers(3, 6, N_PHRASES)]
        self._phrases = np.array([" ".join(phrase) for phrase in phrases], dtype=object)
        frequent = 1 / np.arange(10, N_PHRASES + 10)
        self._phrases_upto = np.cumsum(frequent) / frequent.sum()

    def write(self, path: Path, n_articles: int) -> None:
        """Write `n_articles` to a Parquet file."""
        import pyarrow.parquet as pq

        writer = None
        recent: list[Original] = []
        for start in range(0, n_articles, ARTICLES_AT_ONCE):
            rows, recent = self._make(start, min(ARTICLES_AT_ONCE, n_articles - start), recent)
            table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
        if writer:
            writer.close()

    def _make(self, first: int, n: int, recent: list[Original]) -> tuple[pl.DataFrame, list[Original]]:
        random = self._random
        kinds = random.random(n)
        counts = np.maximum(40, random.gamma(4.0, WORDS_A_TEXT / 4.0, n)).astype(int)
        words = self._draw(int(counts.sum()))
        stops = np.cumsum(counts)
        days = random.integers(0, 365, n)
        rows = []
        for i in range(n):
            if kinds[i] < SHARE_OF_COPIES and recent:
                original = recent[int(random.integers(0, len(recent)))]
                title = original.title if random.random() < 0.7 else " ".join(self._draw(7))
                text = " ".join(self._edit(original.words))
                rows.append((title, text, original.day + int(random.integers(0, 3)), original.cluster))
                continue
            if kinds[i] > 1 - SHARE_OF_NOTICES:
                names = random.choice(self._names, 5)
                notice = NOTICE
                while "{n}" in notice:
                    notice = notice.replace("{n}", str(random.integers(10, 99_999)), 1)
                rows.append((f"{names[0]} quarterly results", notice.format(*names), int(days[i]), first + i))
                continue
            story = Original(
                first + i,
                " ".join(self._draw(7)),
                self._write_text(words[stops[i] - counts[i] : stops[i]]),
                int(days[i]),
            )
            rows.append((story.title, " ".join(story.words), story.day, story.cluster))
            if len(recent) < N_RECENT:
                recent.append(story)
            else:
                recent[int(random.integers(0, N_RECENT))] = story
        titles, texts, when, clusters = zip(*rows, strict=True)
        began = datetime(2025, 1, 1, tzinfo=UTC)
        frame = pl.DataFrame(
            {
                "article_id": [f"{number:024x}" for number in range(first, first + n)],
                "title": titles,
                "text": texts,
                "site": [f"site{number % 97}.example" for number in range(first, first + n)],
                "published_at": [began + timedelta(days=day) for day in when],
                "cluster_id": clusters,
            }
        )
        return frame, recent

    def _draw(self, n: int) -> list[str]:
        drawn: list[str] = self._words[np.searchsorted(self._upto[:-1], self._random.random(n))].tolist()
        return drawn

    def _write_text(self, words: list[str]) -> list[str]:
        """Set phrases, names and figures among the words, and sentences."""
        random = self._random
        text = list(words)
        places = random.integers(0, len(text), len(text) // 6)
        kinds = random.random(len(places))
        phrases = self._phrases[np.searchsorted(self._phrases_upto[:-1], random.random(len(places)))]
        for place, kind, phrase in zip(places.tolist(), kinds.tolist(), phrases.tolist(), strict=True):
            if kind < 0.5:
                text[place] = phrase
            elif kind < 0.8:
                text[place] = text[place].capitalize()
            else:
                text[place] = str(int(10 ** (6 * (kind - 0.8) / 0.2)))
        for place in range(0, len(text), 18):
            text[place] = text[place][:1].upper() + text[place][1:]
            text[place - 1] += "."
        return text

    def _edit(self, text: list[str]) -> list[str]:
        random = self._random
        kind = random.random()
        if kind < 0.25:
            return text
        if kind < 0.5:
            return text[: int(len(text) * random.uniform(0.5, 0.9))]
        if kind < 0.75:
            return [*self._draw(int(random.integers(10, 40))), *text]
        changed = list(text)
        for place, word in zip(
            random.integers(0, len(text), len(text) // 40).tolist(), self._draw(len(text) // 40), strict=True
        ):
            changed[place] = word
        return changed
