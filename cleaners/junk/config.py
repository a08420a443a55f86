"""Settings of the strip step: takes nothing, gives `StripConfig`, the one model all detectors read; removes nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StripConfig(BaseModel):
    """Thresholds of stripping and salvage. Shares are of characters that are not white space."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_confidence: float = Field(
        0.6,
        ge=0.0,
        le=1.0,
        description="Passages that a detector proposes with less confidence stay in the text (0 to 1).",
    )
    use_learned_layer: bool = Field(
        True,
        description="Whether the learned layer adds what no rule covers, and may shorten or refuse passages whose end a rule "
        "guessed or that only repetition and ownership show.",
    )
    template_min_documents: int = Field(
        3,
        ge=2,
        description="Documents of one site that must hold a token 5-gram before it counts as the site's template. "
        "Measured: 3 gives precision .998 on the development set.",
    )
    template_min_share: float = Field(
        0.01,
        ge=0.0,
        le=1.0,
        description="Share of a site's documents that must hold it too, so that common phrases of a large site do not count.",
    )
    template_min_tokens: int = Field(
        12, ge=5, description="Tokens of a repeated passage that does not begin and end where a sentence or line does."
    )
    owner_min_tokens: int = Field(
        24, ge=8, description="Tokens that a passage must share, in order, with the beginning of another document."
    )
    owner_max_own_share: float = Field(
        0.4,
        ge=0.0,
        le=1.0,
        description="A passage that begins another document stays if the rest of the page speaks of more than this share "
        "of its words: then both are of one story.",
    )
    owner_unlike_share: float = Field(
        0.2,
        ge=0.0,
        le=1.0,
        description="A passage that other documents hold is foreign by its meaning alone where the rest of the page speaks of at "
        "most this share of its words and of its names; above it, place or form must speak against it too.",
    )
    shared_min_documents: int = Field(
        3,
        ge=3,
        description="Documents that must share a passage, this one included, before it counts as no document's own.",
    )
    shared_min_tokens: int = Field(40, ge=8, description="Tokens of such a passage.")
    shared_max_own_share: float = Field(
        0.3,
        ge=0.0,
        le=1.0,
        description="The same share for a passage that several documents hold and none begins with.",
    )
    max_uncertain_share: float = Field(
        0.75,
        ge=0.0,
        le=1.0,
        description="When what is neither salvaged nor certain (repetition, ownership, the learned layer) would take a larger "
        "share of a document, nothing of it is taken and all of it is reported: versions of one story repeat each other "
        "as templates do. Of 244 contaminated documents the most that it takes, all of it rightly, is .75 before and .6 after "
        "overlaps are settled; of 1,500 clean ones .59.",
    )
    review_confidence: float = Field(
        0.3,
        ge=0.0,
        le=1.0,
        description="From this probability on, what the learned layer finds too doubtful to cut is reported in suspected_spans. "
        "Of 0.2 to 0.7 the least that keeps three quarters of the reported characters junk on the development set.",
    )
    review_unrelated_confidence: float = Field(
        0.02,
        ge=0.0,
        le=1.0,
        description="The same for a long passage that speaks of other things than its page: an unrelated story without a cue at "
        "its borders. Half of what this adds on the development set is junk; by words alone, without the layer, it was a seventh.",
    )
    review_unrelated_share: float = Field(
        0.15,
        ge=0.0,
        le=1.0,
        description="Such a passage shares at most this share of its words with the rest of the page.",
    )
    review_unrelated_chars: int = Field(
        200, ge=1, description="Such a passage has at least this many characters: a few words always differ."
    )
    other_language_confidence: float = Field(
        0.85,
        ge=0.0,
        le=1.0,
        description="In a text that is not English only detectors that do not depend on the language cut by themselves, and "
        "only what they are at least this sure of: whole lines and sentences of a template, owned passages, cards, hashtags. "
        "The rest needs the learned layer.",
    )
    lone_sentence_words: int = Field(
        45,
        ge=0,
        description="A lone sentence of at most this many words that repeats over documents, or is unlike its page, is taken for "
        "a reporter's phrase and stays, if no word of it speaks for junk. News sentences rarely have more than 45 words.",
    )
    salvage_min_words: int = Field(
        30,
        ge=1,
        description="Words of body that make an embedded card an article of its own; shorter ones are teasers.",
    )
