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
    shared_min_documents: int = Field(
        3, ge=3, description="Documents that must share a passage, this one included, before it counts as nobody's own."
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
        description="When repetition and ownership would take a larger share of a document, they take nothing of it: "
        "versions of one story repeat each other as templates do.",
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
