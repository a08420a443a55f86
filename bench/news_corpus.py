"""A corpus of made-up scraped news of any size: `python -m bench.news_corpus 100000 FOLDER [--format parquet]`.

Takes a number of articles, writes shards of JSON lines or Parquet (id, url, site, title, text, published_at). English sentences of
invented matter, people who come up again, sites with their own banners, links and captions, and copies of earlier stories.
An article is made of its number alone, so that any part of a corpus can be made by itself, in any process.
"""

from __future__ import annotations

import argparse
import bisect
import json
import multiprocessing
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

ARTICLES_A_SHARD = 50_000  # some 120 MB of JSON lines
DAYS = 365  # that a corpus spreads over, whatever its size
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
N_SITES = 300
N_FAMOUS = 4_000
SHARE_OF_COPIES = 0.12
SHARE_WITH_JUNK = 0.5
COPIED_WITHIN = 5_000  # articles back that a copy reaches
SENTENCES = (8, 34)
SYLLABLES = [a + b for a in "b c d f g h k l m n p r s t v w st tr pl".split() for b in "a e i o u an er in".split()]
ENDINGS = ["", "", "ing", "ment", "tion", "er", "al", "ity", "age", "s"]
NOUNS = (
    "government minister company market report budget police court election bank price rate deal plan vote party team season player "
    "coach match school teacher hospital patient study researcher data city council road train airport storm river farm crop oil gas "
    "energy tax worker union strike wage job trade export tariff border army officer weapon attack victim suspect judge lawyer trial "
    "album film festival artist museum book author phone software network customer product factory supply chain investor share fund "
    "profit loss quarter forecast growth inflation currency leader president parliament law bill amendment committee spokesman protest"
).split()
VERBS = (
    "announced approved rejected raised cut reported confirmed denied opened closed signed launched delayed reviewed criticised "
    "welcomed expected planned warned agreed failed won lost published found showed bought sold blamed urged backed dropped"
).split()
ADJECTIVES = (
    "new local national former senior public private major early late strong weak recent annual joint final key common foreign large "
    "small higher lower independent critical popular rural urban medical legal digital"
).split()
CITIES = (
    "London Paris Berlin Madrid Rome Vienna Warsaw Lagos Nairobi Cairo Delhi Mumbai Tokyo Seoul Manila Sydney Toronto Chicago Denver "
    "Boston Houston Atlanta Lima Bogota Santiago Lisbon Dublin Oslo Helsinki Athens"
).split()
ROLES = ["President", "Prime Minister", "Finance Minister", "Chief Executive", "Mayor", "coach", "analyst", "spokesman", "professor"]
TEMPLATES = (
    "The {a} {n} {v} the {n} on {day}, the {n} of {c} said.",
    "{P}, the {n} of {o}, said the {n} had {v} a {a} {n} in {c}.",
    '"We have to look at the {n} and the {n} before we decide," said {p}.',
    "It was the {a} {n} in {d} years, according to {o}.",
    "{s} said the {n} would not {w} the {n} of the {n}.",
    "In {c}, the {n} {v} by {d} percent after the {n} {v} its {a} {n}.",
    "But {p} {v} the {n}, and the {a} {n} of the {n} remains in doubt.",
    "{role} {p} told reporters in {c} that the {n} and the {n} were {a}.",
    "The {n} is expected to {w} about {d} million to the {a} {n} this year.",
    "More than {d} people had been at the {n} when the {a} {n} {v}.",
    "{o} {v} its {n} to {d} from {d}, with the {n} at its {a} level since {year}.",
    "They were among those who {v} a {n} for the {n} that the {n} had {v} in {year}.",
    '"There is a {n} here, and it is {a}," {s} added. "That is why the {n} {v}."',
    "A {n} for {o} did not respond to a request for comment.",
    "Under the {a} {n}, each {n} in {c} and {c} would {w} {d} of the {n}.",
    "After {d} minutes the {n} {v}, but the {a} {n} was {v} by {p}.",
)
CREDITS = ["REUTERS", "AP Photo", "Getty Images", "AFP"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl")
    parser.add_argument("--first", type=int, default=0, help="number of the first article")
    parser.add_argument("--of", type=int, help="articles that a year of the corpus has; default: as many as are made")
    args = parser.parse_args()
    begun = time.perf_counter()
    n_bytes = write_corpus(args.folder, args.articles, args.format, args.first, args.of)
    print(f"{args.articles:,} articles, {n_bytes / 1e6:,.0f} MB in {time.perf_counter() - begun:.0f} s")


def write_corpus(folder: Path, n_articles: int, form: str = "jsonl", first: int = 0, of: int | None = None) -> int:
    """Write articles in shards, in two processes.

    Args:
        folder: where; made if need be.
        n_articles: how many.
        form: `jsonl` or `parquet`.
        first: number of the first: a corpus can be gone on with.
        of: how many articles make a year.

    Returns:
        Bytes written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    of = of or n_articles
    jobs = [
        (folder / f"news-{start:09d}.{form}", start, min(start + ARTICLES_A_SHARD, first + n_articles), of)
        for start in range(first, first + n_articles, ARTICLES_A_SHARD)
    ]
    if len(jobs) == 1:
        return write_shard(*jobs[0])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return sum(pool.starmap(write_shard, jobs, chunksize=1))


def write_shard(path: Path, start: int, stop: int, of: int) -> int:
    """Write the articles of some numbers to one file; it is whole or not there."""
    unfinished = path.with_name(f".{path.name}")
    if path.suffix == ".parquet":
        import polars as pl

        pl.DataFrame(list(make_articles(start, stop, of))).write_parquet(unfinished, row_group_size=5_000)
    else:
        with unfinished.open("w", encoding="utf-8") as file:
            for article in make_articles(start, stop, of):
                file.write(json.dumps(article, ensure_ascii=False) + "\n")
    unfinished.replace(path)
    return path.stat().st_size


def make_articles(start: int, stop: int, of: int) -> Iterator[dict[str, Any]]:
    """The articles of some numbers, in order."""
    for number in range(start, stop):
        yield _world().article(number, of)


class World:
    """What the stories are about: words, people, organisations, sites. The same in every process."""

    def __init__(self) -> None:
        from cleaners.names.lexicon import load_lexicon

        dice = random.Random(7)
        lexicon = load_lexicon()
        words = NOUNS + sorted({self._invent(dice) for _ in range(30_000)} - set(NOUNS))
        dice.shuffle(tail := words[len(NOUNS) :])
        self._nouns = words[: len(NOUNS)] + tail
        self._nouns_upto = list(accumulate(1 / (rank + 6) for rank in range(len(self._nouns))))
        self._given = sorted(lexicon.given.keys() - lexicon.ambiguous_given)
        self._surnames = sorted(lexicon.per_million, key=lambda name: (-lexicon.per_million[name], name))
        self._famous = [self._person(dice) for _ in range(N_FAMOUS)]
        self._famous_upto = list(accumulate(1 / (rank + 10) for rank in range(N_FAMOUS)))
        kinds = ["Group", "Bank", "Institute", "Corp", "Ministry", "United", "University"]
        self._organisations = [f"{self._invent(dice).capitalize()} {dice.choice(kinds)}" for _ in range(3_000)]
        self._sites = [f"{self._invent(dice)}{dice.choice(['news', 'post', 'times', 'herald'])}.example" for _ in range(N_SITES)]
        self._sites_upto = list(accumulate(1 / (rank + 4) for rank in range(N_SITES)))
        self._templates = [self._parse(template) for template in TEMPLATES]

    def article(self, number: int, of: int) -> dict[str, Any]:
        """The article of a number; about one in eight is a copy of one before it, on another site."""
        dice = random.Random(number * 2 + 1)
        source = number
        if dice.random() < SHARE_OF_COPIES and number:
            source = max(0, number - 1 - int(dice.random() ** 2 * COPIED_WITHIN))
        title, paragraphs = self._story(source)
        if source != number:
            paragraphs = self._edit(dice, paragraphs)
        site = self._sites[bisect.bisect(self._sites_upto, dice.random() * self._sites_upto[-1])]
        if dice.random() < SHARE_WITH_JUNK:
            paragraphs = self._litter(dice, site, paragraphs)
        when = BEGIN + timedelta(seconds=int(number / of * DAYS * 86_400))
        return {
            "id": f"n{number:09d}",
            "url": f"https://{site}/{when:%Y/%m/%d}/{number}",
            "site": site,
            "title": title,
            "text": "\n\n".join(paragraphs),
            "published_at": when.isoformat(),
        }

    def _story(self, number: int) -> tuple[str, list[str]]:
        dice = random.Random(number * 2)
        people = [
            self._famous[bisect.bisect(self._famous_upto, dice.random() * self._famous_upto[-1])]
            if dice.random() < 0.6
            else self._person(dice)
            for _ in range(dice.randint(1, 4))
        ]
        topic = [self._noun(dice) for _ in range(12)]
        sentences = [self._sentence(dice, topic, people) for _ in range(dice.randint(*SENTENCES))]
        paragraphs = [" ".join(sentences[at : at + 2]) for at in range(0, len(sentences), 2)]
        title = f"{topic[0].capitalize()} {dice.choice(VERBS)} {topic[1]} as {people[0].split()[-1]} {dice.choice(VERBS)} {topic[2]}"
        return title, paragraphs

    def _sentence(self, dice: random.Random, topic: list[str], people: list[str]) -> str:
        parts = []
        for part in dice.choice(self._templates):
            if part[0] != "{":
                parts.append(part)
            elif part == "{n}":
                parts.append(topic[int(dice.random() * 12)] if dice.random() < 0.4 else self._noun(dice))
            elif part == "{v}":
                parts.append(VERBS[int(dice.random() * len(VERBS))])
            elif part == "{a}":
                parts.append(ADJECTIVES[int(dice.random() * len(ADJECTIVES))])
            elif part == "{d}":
                parts.append(str(int(10 ** (dice.random() * 4))))
            elif part in ("{p}", "{P}"):
                parts.append(people[int(dice.random() * len(people))])
            elif part == "{s}":
                parts.append(people[0].split()[-1])
            elif part == "{o}":
                parts.append(self._organisations[int(dice.random() ** 2 * len(self._organisations))])
            elif part == "{c}":
                parts.append(dice.choice(CITIES))
            elif part == "{w}":
                parts.append(dice.choice(("bring", "cost", "reach", "change", "help")))
            elif part == "{role}":
                parts.append(dice.choice(ROLES))
            elif part == "{year}":
                parts.append(str(dice.randint(1990, 2024)))
            else:
                parts.append(dice.choice(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")))
        return "".join(parts)

    def _edit(self, dice: random.Random, paragraphs: list[str]) -> list[str]:
        """A copy: as it is, cut at the end, with another beginning, or with words changed."""
        kind = dice.random()
        if kind < 0.3:
            return paragraphs
        if kind < 0.6:
            return paragraphs[: max(2, int(len(paragraphs) * dice.uniform(0.5, 0.95)))]
        if kind < 0.8:
            topic = [self._noun(dice) for _ in range(12)]
            return [self._sentence(dice, topic, [self._person(dice)]), *paragraphs]
        words = " \n ".join(paragraphs).split(" ")
        for _ in range(len(words) // 40):
            place = int(dice.random() * len(words))
            if words[place].isalpha():
                words[place] = self._noun(dice)
        return [part.strip() for part in " ".join(words).split("\n")]

    def _litter(self, dice: random.Random, site: str, paragraphs: list[str]) -> list[str]:
        """The paragraphs with what a site puts around and between them."""
        name = site.split(".")[0].capitalize()
        # A site's own wording: the same on all its pages.
        own = random.Random(site)
        banner = f"Sign up for the {name} newsletter and get the {own.choice(NOUNS)} that matters in your inbox every {own.choice(['day', 'week'])}."
        share = own.choice(["Share on Facebook Share on Twitter", "Share this article Copy link", "Follow us on Twitter and Facebook"])
        other = self._story(int(dice.random() * 1_000_000))[0]
        kind = dice.random()
        if kind < 0.25:
            return [*paragraphs, banner]
        if kind < 0.4:
            place = dice.randint(1, len(paragraphs))
            return [*paragraphs[:place], f"Read more: {other}", *paragraphs[place:]]
        if kind < 0.55:
            return [share, *paragraphs, f"© {name} 2025. All rights reserved."]
        if kind < 0.7:
            place = dice.randint(1, len(paragraphs))
            caption = f"A {dice.choice(NOUNS)} in {dice.choice(CITIES)} on Monday. {dice.choice(CREDITS)}/{dice.choice(self._famous)}"
            return [*paragraphs[:place], caption, *paragraphs[place:]]
        if kind < 0.85:
            return [*paragraphs, "Related stories", other, f"{name} / {dice.randint(2, 20)} hours ago"]
        return [*paragraphs, " ".join(f"#{dice.choice(NOUNS)}" for _ in range(4)), banner]

    def _noun(self, dice: random.Random) -> str:
        return self._nouns[bisect.bisect(self._nouns_upto, dice.random() * self._nouns_upto[-1])]

    def _person(self, dice: random.Random) -> str:
        """Common surnames are common; a third are so rare that hardly two people share one."""
        given = self._given[int(dice.random() * len(self._given))].capitalize()
        if dice.random() < 0.35:
            return f"{given} {self._invent(dice).capitalize()}{dice.choice(['son', 'ov', 'ez', 'ini', 'berg'])}"
        return f"{given} {self._surnames[int(dice.random() ** 2 * len(self._surnames))].capitalize()}"

    def _invent(self, dice: random.Random) -> str:
        return "".join(dice.choice(SYLLABLES) for _ in range(dice.randint(1, 3))) + dice.choice(ENDINGS)

    def _parse(self, template: str) -> list[str]:
        parts, at = [], 0
        while at < len(template):
            stop = template.index("}", at) + 1 if template[at] == "{" else template.find("{", at)
            stop = len(template) if stop < 0 else stop
            parts.append(template[at:stop])
            at = stop
        return parts


@lru_cache(maxsize=1)
def _world() -> World:
    return World()


if __name__ == "__main__":
    main()
