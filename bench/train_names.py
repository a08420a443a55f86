"""Train the decision on suspect names: `python -m bench.train_names DOCUMENTS.jsonl AUTHORITY.csv OUT.json`.

Takes real documents, gives `cleaners/names/decision.json`. Positives are names of well-supported people that are
changed here (another given name, a slip of the keyboard); negatives are pairs that occur by themselves: suspects that
nobody changed, and people of different given names whose surnames are one slip apart. The figures printed are of
people that the model did not see, and of a period that it did not see: no surname is on both sides.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.quality.names import read_articles
from cleaners.names import NamesConfig, find_mentions, load_authority
from cleaners.names.compare import are_given_variants, deletion_keys, relate_part
from cleaners.names.forms import Form, Key
from cleaners.names.lexicon import load_lexicon
from cleaners.names.scene import Scene, set_scene
from cleaners.names.suspects import iter_suspects, weigh_suspect
from cleaners.neardup import NearDuplicateConfig, find_near_duplicates

Array = npt.NDArray[np.float64]

FEATURES = {
    "wrong_given": [
        "likeness_best", "likeness_mean", "context", "log_support", "log_own_support", "log_rivals",
        "log_known_rivals", "is_expected_in_text", "is_role_shared", "is_office_shared", "is_given_known", "surname_share",
        "list_likeness",
    ],
    "misspelling": [
        "likeness_best", "likeness_mean", "log_support", "log_own_support", "is_expected_in_text", "is_part_attested",
        "surname_share",
    ],
}  # fmt: skip
KINDS = {"wrong_given": ("wrong_given", "given_slip"), "misspelling": ("misspelling",)}
# Set by hand: the reversed, re-romanised or re-accented name of a known person is hardly ever somebody else's.
BY_HAND = {
    "swapped_order": {"intercept": 1.5, "likeness_best": 4.0, "is_given_known": -0.7},
    "transliteration": {"intercept": 2.0},
    "diacritics": {"intercept": 2.0},
}
SEEDS = range(6)
CHANGED_PEOPLE = 110  # a seed: few enough that most of the batch stays as it was
MIN_ARTICLES = 3  # of a person whose name is changed: two must remain
# A false flag weighs as much as this many missed errors. Every namesake of the documents counts, some from groups
# gathered for their namesakes, so they outnumber the errors as they are; near namesakes are so rare that errors would
# win without a weight.
COST_OF_FALSE_FLAG = {"wrong_given": 0.5, "misspelling": 4.0}
RIDGE = 1.0  # on standardised features
FOLDS = 10


@dataclass(frozen=True)
class Pair:
    """A suspect with its truth."""

    kind: str
    features: dict[str, float]
    is_error: bool
    weight: float
    surname: str  # of the expected person
    article_id: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("authority", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--groups", nargs="+", help="only documents whose group_id begins with one of these: those that nobody changed"
    )
    args = parser.parse_args()
    articles = read_articles(args.documents)
    if args.groups:
        group = pl.read_ndjson(args.documents, schema={"group_id": pl.String})["group_id"]
        articles = articles.filter(group.str.contains(f"^(?:{'|'.join(args.groups)})"))
    authority = load_authority(args.authority.read_text(encoding="utf-8"), with_core=True)
    pairs = collect_pairs(articles, authority)
    models, figures = {}, {}
    for kind, features in FEATURES.items():
        rows = [pair for pair in pairs if pair.kind in KINDS[kind]]
        figures[kind] = {
            "positives": sum(p.is_error for p in rows),
            "negatives": sum(not p.is_error for p in rows),
            "unseen_people": cross_validate(rows, features, articles.height),
            "unseen_period": across_periods(rows, features, articles),
        }
        models[kind] = fit(rows, features)
        print(kind, json.dumps(figures[kind]), json.dumps(models[kind]))
    card = {
        "about": "Logistic regressions over the features of cleaners/names/suspects.py, made by bench/train_names.py.",
        "data": f"{articles.height} documents of English news, {len(SEEDS)} seeds of {CHANGED_PEOPLE} changed people; "
        "negatives occur by themselves. swapped_order, transliteration and diacritics are set by hand.",
        "trained": datetime.now(UTC).date().isoformat(),
        "figures": figures,
    }
    weights = {**models, "given_slip": models["wrong_given"], **BY_HAND}
    args.out.write_text(json.dumps({**card, "weights": weights}, indent=1) + "\n", encoding="utf-8")


def collect_pairs(articles: pl.DataFrame, authority: pl.DataFrame) -> list[Pair]:
    """Suspects that occur by themselves, and those that the changes of every seed raise."""
    config = NamesConfig()
    clusters = find_near_duplicates(articles, NearDuplicateConfig()).clusters
    cluster_of: dict[str, str] = dict(clusters.select("article_id", "cluster_id").iter_rows())
    mentions = find_mentions(articles, config, authority)
    scene = set_scene(articles, _people(mentions), cluster_of, authority, config)
    pairs = [
        Pair(s.kind, s.features, False, 1.0, s.expected.key[1], s.article_id)
        for s in iter_suspects(scene)
        if s.kind != "misspelling" or s.form.support > 1  # one text alone: hardly anything but a real misprint
    ]
    pairs += near_namesakes(scene)
    for seed in SEEDS:
        changed, truth = change_names(articles, mentions, scene, random.Random(seed))
        found = pl.concat(
            [
                mentions.filter(~pl.col("article_id").is_in(list(truth))),
                find_mentions(changed.filter(pl.col("article_id").is_in(list(truth))), config, authority),
            ]
        ).sort("article_id", "start")
        for s in iter_suspects(set_scene(changed, _people(found), cluster_of, authority, config)):
            if truth.get(s.article_id) == (s.form.key, s.expected.key):
                pairs.append(Pair(s.kind, s.features, True, 1 / len(SEEDS), s.expected.key[1], s.article_id))
    return pairs


def near_namesakes(scene: Scene) -> list[Pair]:
    """People of different given names whose surnames are one slip apart: two people for certain.

    They stand for those who share the given name too; each weighs as much as two people are likely to share one.
    """
    people = [form for form in scene.forms.values() if form.is_person and form.articles and len(form.key[0]) > 2]
    n_of = Counter(form.key[0] for form in people)
    chance = sum(n * (n - 1) for n in n_of.values()) / max(len(people) * (len(people) - 1), 1)
    known: dict[str, list[Form]] = {}
    for form in people:
        if form.support >= scene.config.min_support and len(form.key[1]) >= 4:
            for key in deletion_keys(form.key[1]):
                known.setdefault(key, []).append(form)
    pairs = []
    for form in sorted(people, key=lambda f: f.key):
        near = {other.key: other for key in deletion_keys(form.key[1]) for other in known.get(key, ())}
        for other in near.values():
            is_slip = relate_part(form.key[1], other.key[1], scene.config.min_edit_length_two) == "near"
            if not is_slip or form.support > other.support or are_given_variants(form.key[0], other.key[0]):
                continue
            s = weigh_suspect(scene, form.articles[0], form, other, "misspelling")
            pairs.append(Pair(s.kind, s.features, False, chance, other.key[1], s.article_id))
    return pairs


def change_names(
    articles: pl.DataFrame, mentions: pl.DataFrame, scene: Scene, rng: random.Random
) -> tuple[pl.DataFrame, dict[str, tuple[Key, Key]]]:
    """Articles with some names changed, and for each changed article the wrong and the right name."""
    lexicon = load_lexicon()
    text_of: dict[str, str] = dict(articles.select("article_id", "text").iter_rows())
    people = _people(mentions)
    spans: dict[str, list[tuple[int, int, str, str, str]]] = {}
    for row in people.select("article_id", "start", "end", "surface", "given", "surname").iter_rows():
        spans.setdefault(row[0], []).append(row[1:])
    keys = [
        key
        for key, form in sorted(scene.forms.items())
        if form.support >= MIN_ARTICLES and form.is_person and len(key[0]) > 2 and len(key[1]) >= 4
        if key[0] not in lexicon.titles and " " not in key[1]
    ]
    others = sorted({key[0] for key in keys if key[0] in lexicon.given and key[0] not in lexicon.ambiguous_given})
    rng.shuffle(keys)
    truth: dict[str, tuple[Key, Key]] = {}
    for key in keys[:CHANGED_PEOPLE]:
        free = [article_id for article_id in scene.forms[key].articles if article_id not in truth]
        if not free:
            continue
        chosen = rng.choice(free)
        wrong = _wrong_name(key, others, rng)
        for article_id in free:
            if scene.cluster_of.get(article_id) == scene.cluster_of.get(chosen):
                text_of[article_id] = _replaced(text_of[article_id], spans[article_id], key, wrong)
                truth[article_id] = (wrong, key)
    changed = articles.with_columns(pl.col("article_id").replace_strict(text_of).alias("text"))
    return changed, truth


def _wrong_name(key: Key, others: list[str], rng: random.Random) -> Key:
    given, surname = key
    if rng.random() < 0.5:
        return rng.choice([other for other in others if not are_given_variants(given, other)]), surname
    if rng.random() < 0.25 and len(given) >= 4:
        return _slip(given, rng), surname
    return given, _slip(surname, rng)


def _slip(word: str, rng: random.Random) -> str:
    """A slip of the keyboard inside a word: a letter dropped, doubled, replaced, or two swapped."""
    slipped = word
    while slipped == word:
        i = rng.randrange(1, len(word) - 1)
        middle = rng.choice(["", word[i] * 2, rng.choice("aeioustnrlmdb"), word[i + 1] + word[i]])
        slipped = word[:i] + middle + word[i + (2 if middle[:1] == word[i + 1] and len(middle) == 2 else 1) :]
    return slipped


def _replaced(text: str, spans: list[tuple[int, int, str, str, str]], key: Key, wrong: Key) -> str:
    """The text with a person's full name changed, and the surname alone where that is what is wrong."""
    for start, end, surface, given, surname in sorted(spans, reverse=True):
        words = surface.split()
        if (given, surname) == key and len(words) == 2:
            new = f"{wrong[0].title()} {words[1]}" if wrong[0] != key[0] else f"{words[0]} {wrong[1].title()}"
        elif not given and surname == key[1] != wrong[1]:
            new = wrong[1].title()
        else:
            continue
        text = text[:start] + new + text[end:]
    return text


def _people(mentions: pl.DataFrame) -> pl.DataFrame:
    return mentions.filter(pl.col("entity") == "person").sort("article_id", "start")


def fit(pairs: list[Pair], features: list[str]) -> dict[str, float]:
    """Ridge logistic regression by Newton's method; weights for the features as they are, and the intercept."""
    x, label, weight = _arrays(pairs, features)
    weight = weight * np.where(
        label == 0, COST_OF_FALSE_FLAG["misspelling" if pairs[0].kind == "misspelling" else "wrong_given"], 1.0
    )
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1.0
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    penalty = np.append(np.full(len(features), RIDGE), 1e-6)
    beta = np.zeros(z.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(z @ beta, -35, 35)))
        gradient = z.T @ (weight * (p - label)) + penalty * beta
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = beta[:-1] / spread
    intercept = float(beta[-1] - weights @ mean)
    return {"intercept": round(intercept, 3)} | {
        name: round(float(w), 3) for name, w in zip(features, weights, strict=True)
    }


def _arrays(pairs: list[Pair], features: list[str]) -> tuple[Array, Array, Array]:
    x = np.array([[pair.features[name] for name in features] for pair in pairs])
    return x, np.array([float(pair.is_error) for pair in pairs]), np.array([pair.weight for pair in pairs])


def cross_validate(pairs: list[Pair], features: list[str], n_articles: int) -> dict[str, float]:
    """Figures over all pairs, each judged by a model that saw no pair of its surname."""
    fold = np.array([int(hashlib.sha256(pair.surname.encode()).hexdigest(), 16) % FOLDS for pair in pairs])
    hit = np.zeros(len(pairs), bool)
    for k in range(FOLDS):
        model = fit([pair for pair, f in zip(pairs, fold, strict=True) if f != k], features)
        hit[fold == k] = _flagged(model, [pair for pair, f in zip(pairs, fold, strict=True) if f == k])
    return _figures(pairs, hit, n_articles)


def across_periods(pairs: list[Pair], features: list[str], articles: pl.DataFrame) -> dict[str, float]:
    """Figures over the pairs of either half of the years, judged by a model of the other half, surnames kept apart."""
    year_of = dict(articles.select("article_id", pl.col("published_at").dt.year()).iter_rows())
    years = sorted(year for year in year_of.values() if year is not None)
    cut = (years[0] + years[-1]) / 2
    is_late = np.array([(year_of[pair.article_id] or 0) > cut for pair in pairs])
    if is_late.all() or not is_late.any():
        return {}
    hit = np.zeros(len(pairs), bool)
    for late in (False, True):
        tested = [pair for pair, side in zip(pairs, is_late, strict=True) if side == late]
        surnames = {pair.surname for pair in tested}
        seen = [p for p, side in zip(pairs, is_late, strict=True) if side != late and p.surname not in surnames]
        hit[is_late == late] = _flagged(fit(seen, features), tested)
    return _figures(pairs, hit, articles.height)


def _flagged(model: dict[str, float], pairs: list[Pair]) -> list[bool]:
    return [
        model["intercept"] + sum(w * pair.features[name] for name, w in model.items() if name != "intercept") >= 0
        for pair in pairs
    ]


def _figures(pairs: list[Pair], hit: npt.NDArray[np.bool_], n_articles: int) -> dict[str, float]:
    """Recall of the errors that became suspects, and false flags as weighed per 1,000 articles."""
    _, label, weight = _arrays(pairs, [])
    recall = float(hit[label == 1].mean()) if (label == 1).any() else 1.0
    false = float(weight[hit & (label == 0)].sum())
    return {"R": round(recall, 3), "false_per_1000": round(1000 * false / n_articles, 2)}


if __name__ == "__main__":
    main()
