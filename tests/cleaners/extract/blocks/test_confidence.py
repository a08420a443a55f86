"""The confidence in a body: less where other prose stands beside it, where words may be foreign or missing, where it ends open."""

import numpy as np

from cleaners.extract.blocks.blocks import Block
from cleaners.extract.blocks.confidence import Judged, weigh_body

SENTENCE = "The kiln of the old tile works was sold to a family from the valley in the spring."


def weigh(n_story: int, n_beside: int, *, sure: tuple[float, ...] = (), left_out: float = 0.02, end: str = "") -> float:
    """The story first, then the prose beside it; `sure` are the probabilities of the story's last blocks."""
    texts = [f"{k} {SENTENCE}" for k in range(n_story + n_beside)]
    texts[n_story - 1] += end
    blocks = [Block(text, 1, 0, 0, 0, 0) for text in texts]
    probability = np.full(len(blocks), left_out)
    probability[:n_story] = [*[0.99] * (n_story - len(sure)), *sure]
    prose, was_kept = np.ones(len(blocks), bool), probability > 0.1
    return weigh_body(blocks, list(range(n_story)), prose, Judged(0, probability, was_kept))


def test_doubts_lower_it() -> None:
    whole = weigh(20, 1)
    assert whole > 0.9
    assert weigh(2, 30) < 0.5
    assert weigh(20, 1, end=" And then") < whole


def test_foreign_blocks_lower_it() -> None:
    assert weigh(20, 1, sure=(0.4,) * 12) + 0.1 < weigh(20, 1, sure=(0.4,)) < weigh(20, 1)


def test_blocks_that_may_be_missing_lower_it() -> None:
    assert weigh(20, 6, left_out=0.4) < weigh(20, 6, left_out=0.05)
