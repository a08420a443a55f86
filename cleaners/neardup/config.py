"""Settings of the near-duplicate step: shingles, signature, bands, decision."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class NearDuplicateConfig(BaseModel):
    """Settings of near-duplicates: what counts as a copy, and how hard to look for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words_per_shingle: int = Field(
        3,
        ge=1,
        le=9,
        description="Words in a shingle. Default: the shortest of the usual 3 to 5, which suits short wire copy.",
    )
    characters_per_shingle: int = Field(
        5,
        ge=1,
        le=20,
        description="Characters in a shingle of a script without spaces (Chinese, Japanese, Thai, Lao, Khmer, "
        "Burmese). Default: about three Chinese words.",
    )
    n_permutations: int = Field(
        128,
        ge=16,
        le=1024,
        description="Values in a MinHash signature. Default: 64 bands of 2, datasketch's own default.",
    )
    n_bands: int = Field(
        64,
        ge=1,
        le=512,
        description="Bands of a signature; articles that agree in one whole band are compared. Default: in the "
        "development batch, of 4,000 with a near-duplicate 64 bands of 2 leave none without a "
        "candidate (also among 90,000 others), 64 of 3 leave 25, 42 of 3 leave 40.",
    )
    rows_per_band: int = Field(2, ge=1, le=16, description="Signature values in a band. Default: see `n_bands`.")
    small_bucket: int = Field(
        6,
        ge=2,
        le=32,
        description="A bucket of at most so many articles has all its pairs compared. A larger one, which chance fills "
        "where the archive is large, is split by one more value of the signature.",
    )
    bucket_neighbours: int = Field(
        4,
        ge=0,
        le=64,
        description="Neighbours in its part of a large bucket that an article is compared with, beside the part's head. "
        "A bucket costs its size times this, never its square. Default: 8 find 9 % more pairs and the same clusters.",
    )
    minimum_containment: float = Field(
        0.35,
        ge=0.0,
        le=1.0,
        description="Least share of the shorter text's shingles in the other: below it two articles tell their story in "
        "their own words, whatever their facts and titles say. Candidates whose signatures estimate less are dropped "
        "unread. Default: up to .35 no near-duplicate of the development sets is lost.",
    )
    minimum_prose_containment: float = Field(
        0.4,
        ge=0.0,
        le=1.0,
        description="The same of what stands outside quotation marks: below it two articles may share a statement, a "
        "letter or a tweet, but are no copies. Default: in modern articles read by hand copies have .43 and more, reports "
        "that share a quotation .32 and less; .40 costs no copy of the development sets' real pairs.",
    )
    minimum_opening: float = Field(
        0.25,
        ge=0.0,
        le=1.0,
        description="Least share of the opening of one article that stands in the other, of the two the larger: below it "
        "they may share a gallery, a list or background, but are no copies. Default: of 6,063 near-duplicates of the "
        "development sets one has less than .32, a rewrite that its readers were not sure of.",
    )
    minimum_probability: float = Field(
        0.5,
        gt=0.0,
        lt=1.0,
        description="Least probability, by the trained decision, at which the two of a pair are copies. Default: as trained.",
    )
    minimum_probability_with_support: float = Field(
        0.03,
        ge=0.0,
        lt=1.0,
        description="Least probability against the canonical article for one that is a near-duplicate of a confirmed "
        "member of the cluster. Default: on the development batch .03 against .1 raises F1 from .9941 to .9957 and "
        "hides no further article.",
    )
    preferred_sites: tuple[str, ...] = Field(
        (),
        description="Sites from the most to the least trusted, as the column `site` spells them: of equally complete "
        "articles of one time, the canonical one is of the site named first. Default: none is preferred.",
    )
    minimum_words_without_title: int = Field(
        8,
        ge=0,
        description="Words from which equal texts are exact copies whatever their titles say; shorter ones ('Full "
        "story to follow.') must agree in title too. Default: about one sentence.",
    )

    @model_validator(mode="after")
    def _bands_fit_signature(self) -> NearDuplicateConfig:
        if self.n_bands * self.rows_per_band > self.n_permutations:
            raise ValueError(
                f"{self.n_bands} bands of {self.rows_per_band} rows need {self.n_bands * self.rows_per_band} "
                f"permutations, the signature has {self.n_permutations}: raise n_permutations or lower n_bands"
            )
        return self
