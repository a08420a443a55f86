"""A corpus of made-up news with known near-duplicates, of any size: what `bench/neardup.py` measures growth on.

Takes a number of articles, writes Parquet (article_id, title, text, site, published_at, cluster_id). Words follow Zipf's
law, set phrases recur as they do in newspapers; a fifth of the articles repeat an earlier one (word for word, cut, with a
new lead, with words changed), a twentieth are notices of one form with other names and figures, which repeat nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

N_WORDS = 60_000
N_PHRASES = 4_000
WORDS_A_TEXT = 300
ARTICLES_AT_ONCE = 50_000
SHARE_OF_COPIES = 0.2
SHARE_OF_NOTICES = 0.05
SYLLABLES = [
    "ba",
    "be",
    "bo",
    "ca",
    "co",
    "da",
    "de",
    "di",
    "do",
    "fa",
    "fi",
    "ga",
    "go",
    "ha",
    "ka",
    "ke",
    "la",
    "le",
    "li",
    "lo",
    "ma",
    "me",
    "mi",
    "mo",
    "na",
    "ne",
    "no",
    "pa",
    "pe",
    "po",
    "ra",
    "re",
    "ri",
    "ro",
    "sa",
    "se",
    "si",
    "ta",
    "te",
    "ti",
    "to",
    "va",
    "ve",
    "vi",
    "wa",
    "we",
]
NOTICE = (
    "{0} posted results for the quarter. Shr {n} cts vs {n} cts. Net {n} vs {n}. Revs {n} mln vs {n} mln. Avg shrs {n} mln vs {n}. "
    "Note: year-ago figures were restated to reflect a change in accounting. {0} of {1} said orders at its plant in {2} rose to {n} "
    "units, while {3} {4}, its chairman, expects about {n} for the year."
)


class Generator:
    """Makes articles; the same seed gives the same ones."""

    def __init__(self, seed: int = 0) -> None:
        """Make the vocabulary and the set phrases."""
        self._random = np.random.default_rng(seed)
        ranks = np.arange(1, N_WORDS + 1)
        self._shares = (1 / ranks) / (1 / ranks).sum()
        lengths = self._random.integers(1, 5, N_WORDS)
        lengths[:200] = 1
        self._words = np.array(["".join(self._random.choice(SYLLABLES, n)) for n in lengths], dtype=object)
        self._names = np.array([word.capitalize() for word in self._words], dtype=object)
        phrases = [self._draw(int(n)) for n in self._random.integers(3, 6, N_PHRASES)]
        self._phrases = np.array([" ".join(phrase) for phrase in phrases], dtype=object)
        self._phrase_shares = (1 / np.arange(10, N_PHRASES + 10)) / (1 / np.arange(10, N_PHRASES + 10)).sum()

    def write(self, path: Path, n_articles: int) -> None:
        """Write `n_articles` to a Parquet file."""
        import pyarrow.parquet as pq

        writer = None
        recent: list[tuple[int, list[str]]] = []
        for start in range(0, n_articles, ARTICLES_AT_ONCE):
            rows, recent = self._make(start, min(ARTICLES_AT_ONCE, n_articles - start), recent)
            table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
        if writer:
            writer.close()

    def _make(
        self, first: int, n: int, recent: list[tuple[int, list[str]]]
    ) -> tuple[pl.DataFrame, list[tuple[int, list[str]]]]:
        random = self._random
        kinds = random.random(n)
        counts = np.maximum(40, random.gamma(4.0, WORDS_A_TEXT / 4.0, n)).astype(int)
        words = self._draw(int(counts.sum()) + n)
        stops = np.cumsum(counts)
        texts, clusters, days = [], [], random.integers(0, 365, n)
        for i in range(n):
            if kinds[i] < SHARE_OF_COPIES and recent:
                cluster, original = recent[int(random.integers(0, len(recent)))]
                texts.append(" ".join(self._edit(original)))
                clusters.append(cluster)
            elif kinds[i] > 1 - SHARE_OF_NOTICES:
                names = random.choice(self._names, 5)
                notice = NOTICE
                while "{n}" in notice:
                    notice = notice.replace("{n}", str(random.integers(10, 99_999)), 1)
                texts.append(notice.format(*names))
                clusters.append(first + i)
            else:
                text = self._write_text(words[stops[i] - counts[i] : stops[i]])
                texts.append(" ".join(text))
                clusters.append(first + i)
                if len(recent) < 20_000:
                    recent.append((first + i, text))
                else:
                    recent[int(random.integers(0, 20_000))] = (first + i, text)
        began = datetime(2025, 1, 1, tzinfo=UTC)
        frame = pl.DataFrame(
            {
                "article_id": [f"{number:024x}" for number in range(first, first + n)],
                "title": [" ".join(text.split(" ", 8)[:8]) for text in texts],
                "text": texts,
                "site": [f"site{number % 97}.example" for number in range(n)],
                "published_at": [began + timedelta(days=int(day)) for day in days],
                "cluster_id": clusters,
            }
        )
        return frame, recent

    def _draw(self, n: int) -> list[str]:
        drawn: list[str] = self._words[self._random.choice(N_WORDS, n, p=self._shares)].tolist()
        return drawn

    def _write_text(self, words: list[str]) -> list[str]:
        """Set phrases, names and figures among the words, and sentences."""
        random = self._random
        text = list(words)
        places = random.integers(0, len(text), len(text) // 6)
        kinds = random.random(len(places))
        phrases = self._phrases[random.choice(N_PHRASES, len(places), p=self._phrase_shares)]
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
