"""A corpus of made-up scraped news of any size: `python -m bench.scale.news_corpus 100000 FOLDER [--format parquet]`.

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

ARTICLES_A_SHARD = 50_000  # some 120 MB of JSON lines; fewer where a corpus would have fewer than eight files
DAYS = 365  # that a corpus spreads over, whatever its size
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
N_SITES = 300
N_FAMOUS = 4_000
SHARE_OF_COPIES = 0.12
SHARE_WITH_JUNK = 0.25
COPIED_WITHIN = 5_000  # articles back that a copy reaches
SENTENCES = (9, 36)


def _words(line: str) -> list[str]:
    return line.split()


SYLLABLES = [
    first + last
    for first in _words("b c d f g h k l m n p r s t v w st tr pl")
    for last in _words("a e i o u an er in")
]
ENDINGS = ["", "", "ing", "ment", "tion", "er", "al", "ity", "age", "s"]
NOUNS = _words(
    "government minister company market report budget police court election bank price rate deal plan vote party "
    "team season player coach match school teacher hospital patient study researcher data city council road train "
    "airport storm river farm crop oil gas energy tax worker union strike wage job trade export tariff border army "
    "officer weapon attack victim suspect judge lawyer trial album film festival artist museum book author phone "
    "software network customer product factory supply chain investor share fund profit loss quarter forecast growth "
    "inflation currency leader president parliament law bill amendment committee spokesman protest "
)
VERBS = _words(
    "announced approved rejected raised cut reported confirmed denied opened closed signed launched delayed "
    "reviewed criticised welcomed expected planned warned agreed failed won lost published found showed bought sold "
    "blamed urged backed dropped "
)
ADJECTIVES = _words(
    "new local national former senior public private major early late strong weak recent annual joint final key "
    "common foreign large small higher lower independent critical popular rural urban medical legal digital "
)
CITIES = _words(
    "London Paris Berlin Madrid Rome Vienna Warsaw Lagos Nairobi Cairo Delhi Mumbai Tokyo Seoul Manila Sydney "
    "Toronto Chicago Denver Boston Houston Atlanta Lima Bogota Santiago Lisbon Dublin Oslo Helsinki Athens "
)
ROLES = [
    "President",
    "Prime Minister",
    "Finance Minister",
    "Chief Executive",
    "Mayor",
    "coach",
    "analyst",
    "spokesman",
    "professor",
]
BEFORE_NOUNS = _words("the the the the a a its this their some no any another each his ")
LINKS = _words("of of of of in in for for with on from at by between over about against into after before under ")
OPENINGS = [
    "",
    "",
    "",
    "",
    "",
    "",
    "But ",
    "And ",
    "Still, ",
    "In {c}, ",
    "On {day}, ",
    "Last week ",
    "In {year}, ",
    "So far ",
]
LINES_OF_REPORTERS = (
    "A spokesman for {o} did not respond to a request for comment.",
    "The case is being investigated by the authorities, {o} said in a statement.",
    "More details are expected to be made public later this week.",
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
    step = min(ARTICLES_A_SHARD, max(1_000, n_articles // 8))
    jobs = [
        (folder / f"news-{start:09d}.{form}", start, min(start + step, first + n_articles), of)
        for start in range(first, first + n_articles, step)
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
    """Subjects of the stories: words, people, organisations, sites. The same in every process."""

    def __init__(self) -> None:
        from cleaners.names.lexicon.lexicon import load_lexicon

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
        self._sites = [
            f"{self._invent(dice)}{dice.choice(['news', 'post', 'times', 'herald'])}.example" for _ in range(N_SITES)
        ]
        self._sites_upto = list(accumulate(1 / (rank + 4) for rank in range(N_SITES)))

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
        surname = people[0].split()[-1]
        title = f"{topic[0].capitalize()} {dice.choice(VERBS)} {topic[1]} as {surname} {dice.choice(VERBS)} {topic[2]}"
        return title, paragraphs

    def _sentence(self, dice: random.Random, topic: list[str], people: list[str]) -> str:
        """A sentence of random build, so that texts share no more than news does; one in 160 is a standing phrase."""
        kind = dice.random()
        if kind < 0.006:
            return dice.choice(LINES_OF_REPORTERS).replace("{o}", self._organisation(dice))
        clause = self._clause(dice, topic, people)
        if kind < 0.3:
            clause += f", {self._speaker(dice, people)} {dice.choice(('said', 'told reporters', 'added', 'wrote'))}"
        elif kind < 0.45:
            clause += f" {dice.choice(('because', 'while', 'as', 'although', 'and', 'but', 'which means that'))} "
            clause += self._clause(dice, topic, people)
        elif kind < 0.52:
            clause += f", according to {self._organisation(dice)}"
        elif kind < 0.6:
            return f'"{self._begin(clause)}," said {self._speaker(dice, people)}.'
        opening = dice.choice(OPENINGS)
        if "{" in opening:
            opening = opening.format(
                c=dice.choice(CITIES), day=dice.choice(("Monday", "Tuesday", "Friday")), year=dice.randint(1990, 2024)
            )
        return f"{opening}{clause}." if opening else f"{self._begin(clause)}."

    def _clause(self, dice: random.Random, topic: list[str], people: list[str]) -> str:
        subject = self._speaker(dice, people) if dice.random() < 0.3 else self._phrase(dice, topic)
        kind = dice.random()
        verb = VERBS[int(dice.random() * len(VERBS))]
        if kind < 0.5:
            said = f"{verb} {self._phrase(dice, topic)}"
        elif kind < 0.65:
            said = f"had {verb} {self._phrase(dice, topic)}"
        elif kind < 0.8:
            said = f"was {verb} {dice.choice(LINKS)} {self._phrase(dice, topic)}"
        elif kind < 0.9:
            now, before = (int(10 ** (dice.random() * 4)) for _ in range(2))
            said = f"rose to {now} from {before} {dice.choice(LINKS)} {self._phrase(dice, topic)}"
        else:
            said = f"would {dice.choice(('bring', 'cost', 'reach', 'change', 'help'))} {self._phrase(dice, topic)}"
        if dice.random() < 0.3:
            said += f" {dice.choice(LINKS)} {dice.choice(CITIES) if dice.random() < 0.3 else self._phrase(dice, topic)}"
        return f"{subject} {said}"

    def _phrase(self, dice: random.Random, topic: list[str]) -> str:
        """A noun with what goes before and after it."""
        noun = topic[int(dice.random() * 12)] if dice.random() < 0.4 else self._noun(dice)
        words = BEFORE_NOUNS[int(dice.random() * len(BEFORE_NOUNS))]
        if dice.random() < 0.35:
            words += f" {ADJECTIVES[int(dice.random() * len(ADJECTIVES))]}"
        words += f" {noun}"
        if dice.random() < 0.3:
            words += f" {LINKS[int(dice.random() * len(LINKS))]} {self._phrase(dice, topic)}"
        return words

    def _speaker(self, dice: random.Random, people: list[str]) -> str:
        person = people[int(dice.random() * len(people))]
        kind = dice.random()
        if kind < 0.3:
            return person.split()[-1]
        if kind < 0.4:
            return f"{dice.choice(ROLES)} {person}"
        return person if kind < 0.6 else dice.choice(("he", "she", "they", "it", "who"))

    def _organisation(self, dice: random.Random) -> str:
        return self._organisations[int(dice.random() ** 2 * len(self._organisations))]

    def _begin(self, clause: str) -> str:
        return clause[0].upper() + clause[1:]

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
        name = site.partition(".")[0].capitalize()
        # A site's own wording: the same on all its pages.
        own = random.Random(site)
        when = own.choice(["day", "week"])
        banner = f"Sign up for the {name} newsletter and get the {own.choice(NOUNS)} that matters every {when}."
        share = own.choice(
            ["Share on Facebook Share on Twitter", "Share this article Copy link", "Follow us on Twitter"]
        )
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
            credit = f"{dice.choice(CREDITS)}/{dice.choice(self._famous)}"
            caption = f"A {dice.choice(NOUNS)} in {dice.choice(CITIES)} on Monday. {credit}"
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


@lru_cache(maxsize=1)
def _world() -> World:
    return World()


if __name__ == "__main__":
    main()
