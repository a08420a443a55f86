"""Weights of the learned layer: what they are, their sizes and names, and the file of the package; removes nothing."""

from __future__ import annotations

import io
from dataclasses import fields
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.model.forest import Forest

F64 = npt.NDArray[np.float64]

# Hashed places of a missing break, of a unit's words and of its kind, in bits.
BOUNDARY_BITS = 15
WORD_BITS = 16
KIND_BITS = 13
# Least probability of a missing sentence break that parts two units.
MIN_BOUNDARY = 0.15
FURNITURE = "page_furniture"
FORESTS = ("units", "context", "runs")
FOREST_PARTS = tuple(field.name for field in fields(Forest))
KINDS = (
    *("signup_banner", "comments_ui", "share_ui", "hashtags", "top_stories_widget"),
    *("read_more_link", "ad_marker", "cookie_notice", "caption_credit", "related_article", FURNITURE),
)
DESCRIPTIONS = tuple(
    RuleDescription(
        id=f"learned-{kind.replace('_', '-')}",
        category=kind,
        description="A passage that the learned layer judges to be no part of the story, by its words, its likeness to "
        f"the rest of the page, repetition and place; most like {what}. Its confidence is the model's probability.",
    )
    for kind, what in zip(
        KINDS,
        (
            *("an invitation to sign up", "a comment section", "share buttons", "tags", "a list of headlines"),
            *("a link to another article", "a marker of an advertisement", "a cookie or terms notice"),
            *("a picture's caption or credit", "another article or its card"),
            "the page's own labels, navigation, players or author lines",
        ),
        strict=True,
    )
)


Limits = tuple[float, float, float]


class LearnedModel(NamedTuple):
    """Weights of the learned layer.

    `rarity` says how rare words are in the news, `units` scores units by their own evidence, `context` by what that says of the
    page around them, `runs` whether a run is all junk and whether it is all of the junk; `thresholds` are the least probabilities
    of a short and of a long run and of a single label, first of a bare page, then of a furnished one.
    """

    boundary: F64
    boundary_intercept: float
    words: F64
    words_intercept: float
    kinds: F64
    rarity: F64
    units: Forest
    context: Forest
    runs: Forest
    thresholds: tuple[Limits, Limits]


@lru_cache(maxsize=1)
def load_model() -> LearnedModel:
    """The model of the package."""
    return read_model((resources.files("cleaners.junk.model") / "learned.npz").read_bytes())


def read_model(content: bytes) -> LearnedModel:
    """A model from the bytes of its file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        forests = {name: Forest(*(arrays[f"{name}_{part}"] for part in FOREST_PARTS)) for name in FORESTS}
        bare, furnished = ((float(short), float(long), float(unit)) for short, long, unit in arrays["thresholds"])
        return LearnedModel(
            boundary=arrays["boundary"] * float(arrays["boundary_scale"]),
            boundary_intercept=float(arrays["boundary_intercept"]),
            words=arrays["words"] * float(arrays["words_scale"]),
            words_intercept=float(arrays["words_intercept"]),
            kinds=arrays["kinds"] * float(arrays["kinds_scale"]),
            rarity=arrays["rarity"] / 255.0,
            thresholds=(bare, furnished),
            **forests,
        )


def to_probability(logits: F64) -> F64:
    """The logistic function."""
    probability: F64 = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
    return probability
