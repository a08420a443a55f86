"""The confidence in a body: less where it is short beside other prose, where the model was unsure, where it ends open."""

import numpy as np

from cleaners.extract.blocks.blocks import Block
from cleaners.extract.blocks.confidence import weigh_body

SENTENCE = "The kiln of the old tile works was sold to a family from the valley in the spring."


def weigh(n_story: int, n_beside: int, *, sure: float = 0.97, end: str = "") -> float:
    texts = [f"{k} {SENTENCE}" for k in range(n_story + n_beside)]
    texts[n_story - 1] += end
    blocks = [Block(text, 1, 0, 0, 0, 0) for text in texts]
    prose = np.ones(len(blocks), bool)
    return weigh_body(blocks, list(range(n_story)), prose, np.full(n_story, sure), 0)


def test_doubts_lower_it() -> None:
    whole = weigh(20, 0)
    assert whole > 0.8
    assert weigh(2, 30) < 0.5
    assert weigh(20, 0, sure=0.5) < whole
    assert weigh(20, 0, end=" And then") < whole
