"""The features of a unit of text that the learned layer reads, by name and column."""

from __future__ import annotations

import numpy as np
from numpy import typing as npt

from cleaners.junk.model.meaning import MEANING_FEATURES
from cleaners.junk.model.outline import OUTLINE_FEATURES

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

FEATURES = (
    # shape
    *("tokens", "chars", "initials", "capitals", "digits", "stops", "quotes", "marks", "mean_token"),
    *("begins_capital", "begins_mark", "begins_quote", "ends_stop", "ends_quote", "ends_other"),
    # layout
    *("break_before", "break_after", "score_before", "score_after", "line_units", "place", "from_start", "to_end"),
    *("page_units", "page_lines", "page_mean_line"),
    # repetition and ownership
    *("repeated_2", "repeated_3", "repeated_share", "owners", "owners_lead", "owners_max"),
    # likeness
    *("content", "seen", "seen_before", "seen_after", "seen_title", "seen_lead"),
    *("seen_5", "before_5", "after_5", "title_5", "lead_5", "seen_11", "before_11", "after_11"),
    *("rare_5", "rare_before_5", "rare_after_5", "rare_title_5", "rare_lead_5", "rare_before_11", "rare_after_11"),
    *("names_5", "names_seen_5", "names_before_5", "names_after_5", "names_11", "names_seen_11"),
    # cues
    *("since_ago", "until_ago", "since_heading", "since_firm", "until_firm", "is_ago", "is_heading"),
    # what the detectors proposed
    *("firm", "template", "owned", "card", "attached", "soft", "soft_max", "caption", "firm_caption", "firm_signup"),
    # words
    *("words",),
    # the page's outline
    *OUTLINE_FEATURES,
    # meaning
    *MEANING_FEATURES,
)
# Columns of its neighbours that the second model reads too.
NEIGHBOUR_FEATURES = (
    *("tokens", "words", "repeated_3", "owners", "seen_5", "before_11", "after_11", "ends_stop", "initials", "firm"),
    *("soft", "break_before", "lead_5", "is_heading", "caption", "firm_caption", "firm_signup", "prose", "twins"),
)
COLUMN = {name: number for number, name in enumerate(FEATURES)}

RARITY_BITS = 16
