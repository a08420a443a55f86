"""Measured pairs to plain words: what a near-duplicate is of the other, or what two articles share that are none.

Takes the features of pairs, gives a relation and, for pairs that were declined, the rule that says why in a reader's words;
decides nothing: `verify.py` did.
"""

from __future__ import annotations

import polars as pl

# Of 53 sure pairs of the development sets that people called copy, excerpt or update, the two lines name 48 alike.
LEAST_REPEATED = 0.7  # of the shorter text: an update has more words of its own
LEAST_OF_LONGER = 0.6  # a copy leaves out less
# Shared words that stand in quotation marks: of 125 pairs read by hand, reports of one statement have .5 and more in 74 of
# 79, other pairs in 3 of 46.
LEAST_QUOTED = 0.5
LEAST_OPENING = 0.3  # below it what two texts share stands behind the beginnings of both

# From the shares that both sets have of each other and of their union follows the larger one's.
OF_LONGER = 1 / (1 / pl.col("jaccard") - 1 / pl.col("containment") + 1)

DUPLICATE = (
    pl.when(pl.col("containment") < LEAST_REPEATED)
    .then(pl.lit("update"))
    .when(OF_LONGER < LEAST_OF_LONGER)
    .then(pl.lit("excerpt"))
    .otherwise(pl.lit("copy"))
)
RELATED = pl.when(pl.col("quoted") >= LEAST_QUOTED).then(pl.lit("quotes")).otherwise(pl.lit("standing_text"))
RULE = (
    pl.when(pl.col("quoted") >= LEAST_QUOTED)
    .then(pl.lit("the same statement"))
    .when(pl.col("shared_opening") < LEAST_OPENING)
    .then(pl.lit("the same gallery, list or background"))
    .otherwise(pl.lit("the same form, other facts"))
)
