"""The settings of the names step: what counts as a mention, as support, as an error.

Takes nothing, gives one immutable pydantic model; every default says where it comes from.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class NamesConfig(BaseModel):
    """Settings of `find_mentions` and `check_names`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_support: int = Field(
        2,
        ge=1,
        description="Independent texts that must agree on a name before it may correct another (measured: one text "
        "alone is as often wrong as right); the authority file needs none.",
    )
    min_edit_length_two: int = Field(
        7,
        ge=4,
        description="Letters a name must have before two edits still count as a misspelling; shorter names allow one "
        "(measured: precision falls to .59 without a limit and likeness of the documents).",
    )
    min_confidence: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="Confidence below which no error is flagged (cross-validated by person at the base rates of modern news: seven "
        "of eight wrong given names shown are right from here on, half of all are found); a wrong flag costs an editor's trust.",
    )
    min_misspelling_confidence: float = Field(
        0.55,
        ge=0.0,
        le=1.0,
        description="The same for misspellings (cross-validated: of people that the model did not see 96 of 100 shown are right "
        "from here on and 95 of 100 are found, of months 95 and 96).",
    )
    keep_confidence: float = Field(
        0.35,
        ge=0.0,
        le=1.0,
        description="Confidence below which a flag of an earlier run is taken back; lower than `min_confidence`, so that "
        "a flag does not come and go with every batch.",
    )
    doubt_confidence: float = Field(
        0.25,
        ge=0.0,
        le=1.0,
        description="Confidence from which a person of a known surname with another given name is noted as a namesake: no error, "
        "shown on demand. A choice: about one in three is an error.",
    )
    min_likeness: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Cosine of two texts below which they have nothing in common, so that one says nothing about the "
        "names of the other (measured: 95 of 100 pairs of news texts drawn at random are below .053).",
    )
    max_surname_forms: int = Field(
        60,
        ge=10,
        description="Known people of one surname above which a name is compared only with those who share company or "
        "office with it: the cost grows with the square of it.",
    )
    max_compared_texts: int = Field(
        24,
        ge=1,
        description="Texts of the expected person that a suspect text is compared with at most; the mean of the best "
        "changes little beyond.",
    )
    window_days: int = Field(
        365,
        ge=1,
        description="Days around an article within which other articles bear witness on its names; an article without "
        "a date bears witness on all. People change office, and namesakes come up, as time goes by.",
    )
    window_articles: int = Field(
        5_000,
        ge=100,
        description="Articles before and after one, by time of publication, that bear witness on its names at most: in an "
        "archive of millions the days around it say what its names are, and a new article makes no old year be read again. A "
        "choice; smaller archives are compared whole.",
    )
    context_chars: int = Field(
        120,
        ge=10,
        description="Characters on either side of a mention that describe who the person is (about a clause).",
    )
    beside_chars: int = Field(
        40,
        ge=10,
        description="Characters on either side of a mention that stand right beside it: office, club, party.",
    )
    headline_capitals: float = Field(
        0.7,
        ge=0.5,
        le=1.0,
        description="Share of capitalised words from which a line counts as a headline in title case, where a capital "
        "says nothing.",
    )
