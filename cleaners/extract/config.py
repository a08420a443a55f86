"""Settings of extraction: takes nothing, gives `ExtractConfig`, whose every default says where it comes from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ExtractConfig(BaseModel):
    """Settings of extraction: how pages and texts become documents, and what is too little to be one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fallback_words: int = Field(
        100,
        ge=0,
        description="When trafilatura's precision mode yields fewer words than this, its default mode is tried. On 461 "
        "training pages F1 rises from .922 without to .932 at 100 and .935 at 200 words; but on 140 development pages 150 "
        "costs .011, so the smaller value.",
    )
    fallback_gain: float = Field(
        2.0,
        ge=1.0,
        description="The default mode's text is taken when it has this many times the words of the precise one. "
        "1.0 to 3.0 give the same on the training pages; on 108 development pages 1.0 costs .003 F1 and .02 exactness, for "
        "it adds boilerplate to pages that are simply short.",
    )
    min_words: int = Field(
        20,
        ge=1,
        description="Words an article must have, counting a CJK character as half a word. The shortest of 248 "
        "hand-labelled news bodies has 37; a choice below it that keeps briefs and drops error and consent lines.",
    )
    min_sentence_words: int = Field(
        8,
        ge=1,
        description="A page with no line of at least this many words that ends like a sentence (or runs on for three "
        "times as many) is a list of headlines, not an article. All of 248 hand-labelled news pages have such a line.",
    )
    block_page_words: int = Field(
        150,
        ge=0,
        description="Only a page with fewer words than this can be a wall or an error page, so that an article about "
        "one is kept. A choice, not a measurement: walls say little.",
    )
    min_language_words: int = Field(
        12,
        ge=1,
        description="Words below which the language is left null. Of passages of 12 words py3langid calls 99 % as it "
        "calls their whole article, of 5 words 94 %, of 3 words 80 % (248 pages, nearly all English).",
    )
    language_characters: int = Field(
        2_000,
        ge=100,
        description="Characters shown to the language identifier; its cost grows with them (about 1 ms for 2,000).",
    )
    max_title_characters: int = Field(
        160,
        ge=20,
        description="Longest first line of a text file that can be its title. A choice: twice a long headline.",
    )
    max_title_words: int = Field(
        25, ge=3, description="Most words of a first line that can be a title; a choice above long headlines."
    )
    splits_appended: bool = Field(
        True,
        description="Whether articles that infinite scroll appended below the page's own become rows of their own (origin "
        "embedded). Without it they stay where trafilatura leaves them, mostly in the text.",
    )
    appended_words: int = Field(
        80,
        ge=20,
        description="Words of paragraphs that the page's own article and an appended one must have each, so that teasers are "
        "not taken for articles. A choice: more than a teaser's, fewer than most briefs'.",
    )
    judges_blocks: bool = Field(
        True,
        description="Whether the post-pass decides block by block what is the story, after trafilatura. Without it its "
        "lines stay but for the headline.",
    )
    drop_below: float = Field(
        0.3,
        ge=0.0,
        le=1.0,
        description="A block that trafilatura kept is dropped when it is less likely than this to be the story's. "
        "Cross-validated by domain over 856 labelled pages, 0.3 and 0.4 differ by three exact pages in each set and F1 by "
        ".001; at 0.3 4 of 264 hand-labelled pages lose their last paragraph, at 0.4 9.",
    )
    drop_prose_below: float = Field(
        0.1,
        ge=0.0,
        le=1.0,
        description="The same for sentences of stories that are not plainly English. The model knows the wordings "
        "of notes and bios from English pages and doubts last paragraphs that it cannot read. Of 81 such pages 2 lose "
        "theirs instead of 8.",
    )
    rescue_from: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="A block that trafilatura dropped is taken back when it is at least this likely to be the story's. "
        "Cross-validated as above: of 0.4 to 0.85 the best F1 that costs no exact pages.",
    )
    min_aligned_share: float = Field(
        0.9,
        ge=0.0,
        le=1.0,
        description="Share of the words of trafilatura's text that must be found on the page in its order; below it the "
        "text stays as it is, for its blocks cannot be found.",
    )
    min_kept_share: float = Field(
        0.3,
        ge=0.0,
        le=1.0,
        description="When the blocks kept have fewer words than this share of trafilatura's text, its text stays: the "
        "model is out of its depth.",
    )
    max_blocks: int = Field(
        20_000, ge=1, description="A page of more blocks keeps trafilatura's text; bounds the time of one page."
    )
    keep_standfirst: bool = Field(
        False,
        description="Whether lines above the one that trafilatura starts the story with may be taken back: the standfirst, "
        "beside labels, bylines and captions. It repeats the page's description and what the story says. Annotators disagree; "
        "cross-validated, True gives 4 more of 77 hand-labelled pages exactly and 9 fewer of 379 others; of the development "
        "pages 8 more of 140 and 11 fewer of 108.",
    )
    keep_notes: bool = Field(
        False,
        description="Whether corrections, credits of contributors and sources at the end stay where trafilatura keeps them. "
        "They describe the article, not the event; hand-labelled training pages hold 9 % of the credits, others 73 %.",
    )
    keep_subheads: bool = Field(
        True,
        description="Whether headings inside the story may stay. Its parts are hard to follow without them; the "
        "hand-labelled training pages keep 80 % of those that trafilatura keeps.",
    )
    keep_notices: bool = Field(
        False,
        description="Whether notices of advertising and affiliates, share buttons and comment links may stay where they stand "
        "among the paragraphs. They are the site's, not the story's. The wordings are in `rules/page_blocks.toml`.",
    )
    keep_embeds: bool = Field(
        False,
        description="Whether embedded posts of social networks may stay. They are other people's words beside the story, and "
        "without their frame a reader cannot tell them from it. Of 15 pages of three labelled sets none holds them in its gold "
        "body, of 4 of scrapinghub's all do.",
    )
    keep_tables: bool = Field(
        False,
        description="Whether cells of tables of data may stay: as lines of text they have lost their columns. A table that lays "
        "out sentences stays anyway. Annotators disagree: of the cells that trafilatura keeps, hand-labelled training pages "
        "hold 9 %, machine-labelled ones 92 %; without them F1 is .001 higher on the former, .004 lower on the latter.",
    )
    keep_captions: bool = Field(
        False,
        description="Whether figure captions may stay. They describe a picture that the text does not show; the "
        "hand-labelled training pages hold none of 118, the others 8 %.",
    )
