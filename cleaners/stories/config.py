"""Settings of the stories step: how far apart in time, how alike, and how hard to look."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StoriesConfig(BaseModel):
    """Settings of stories: which articles tell one event in different words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_days: int = Field(
        14,
        ge=1,
        le=365,
        description="Days on either side in which an article is compared with others. A story goes on as long as each article "
        "finds another one this near. Default: on BASIL F1 is .94 without a window and .98 with two weeks.",
    )
    minimum_probability: float = Field(
        0.5,
        gt=0.0,
        lt=1.0,
        description="Least probability, by the mean log-odds over a story's articles, at which one more joins it, or at which two "
        "stories become one. Default: as trained.",
    )
    event_days: int = Field(
        3,
        ge=1,
        le=365,
        description="Days on either side in which an article may join an event of its story. Default: of the 100 events of BASIL "
        "99 lie within three days.",
    )
    minimum_event_probability: float = Field(
        0.5,
        gt=0.0,
        lt=1.0,
        description="The same as `minimum_probability` for an event within its story.",
    )
    body_words: int = Field(
        1_500, ge=50, description="Words of a text that are read. Longer ones are lists and transcripts."
    )
    lead_words: int = Field(90, ge=10, description="Words of the text that make its lead, beside the title.")
    pair_words: int = Field(300, ge=10, description="Words of the text whose neighbours are read as pairs.")
    heavy_terms: int = Field(
        24,
        ge=4,
        le=256,
        description="Heaviest words of an article by which others are found. Default: see `candidates`.",
    )
    candidates: int = Field(
        20,
        ge=1,
        le=1_000,
        description="Most articles that one is compared with, those with the heaviest words in common. Default: 12, 20 and 40 "
        "give the same stories on BASIL; in three months of political news 20 and 40 nearly so, 12 a tenth more pairs.",
    )
    members: int = Field(
        20,
        ge=1,
        le=1_000,
        description="Most articles of a story that one is compared with, the latest. Default: see `candidates`.",
    )
