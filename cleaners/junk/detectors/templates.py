"""Site templates: takes a page and learned evidence, gives passages whose token 5-grams recur over the site's documents.

Works without line breaks. A passage counts when it begins and ends where sentences do, or when it is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from cleaners.junk.config import StripConfig
from cleaners.junk.detectors.rules import RuleDescription
from cleaners.junk.evidence.gather import SITE, TEMPLATE
from cleaners.junk.evidence.keys import TEMPLATE_N, KeyedPage
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.page.segments import bound
from cleaners.junk.page.tokens import U64, KeyTable, Tokens, hash_text

DESCRIPTIONS = tuple(
    RuleDescription(
        id=f"template-{category.replace('_', '-')}",
        category=category,
        description=f"Words repeated over several different documents of one site: its template, by its words {what}.",
        any_language=True,
    )
    for category, what in (
        ("signup_banner", "an invitation to sign up"),
        ("cookie_notice", "a cookie or terms notice"),
        ("comments_ui", "a comment section"),
        ("share_ui", "share buttons"),
        ("ad_marker", "an advertisement's place"),
        ("caption_credit", "a picture's caption"),
        ("read_more_link", "a link to another article"),
        ("hashtags", "tags"),
        ("related_article", "another article or its card"),
        ("top_stories_widget", "a list of headlines"),
    )
)

# Category of a repeated passage by its words; the first that matches names it.
_CATEGORIES = tuple(
    (category, re.compile(pattern))
    for category, pattern in (
        (
            "related_article",
            r"(?i)\b\d+ (?:min\w*|hours?|days?|weeks?) ago\b|\A\W*more on this topic|\A\W*related (?:articles|stories)\b(?=.{300})",
        ),
        ("cookie_notice", r"(?i)\bcookies?\b|terms of (?:use|service)|user agreement|privacy policy|\bcopyright\b|©"),
        (
            "top_stories_widget",
            r"(?i)\A\W*(?:top stories|trending|most (?:popular|read)|latest news|recommended|related stories)\b|swipe\. select\.",
        ),
        ("signup_banner", r"(?i)\b(?:subscri\w+|sign(?:ing)? up|log in|newsletters?|inbox)\b"),
        (
            "comments_ui",
            r"(?i)\b(?:(?:\d+|all|new|add|leave a|no) comments?|comments? \(|comments are)|join the (?:conversation|discussion)",
        ),
        ("share_ui", r"(?i)\bshare (?:on|this|via)\b|\btweet\b|\bcopy link\b|\bprint (?:options|edition|plus)\b"),
        ("ad_marker", r"(?i)\badvertisement\b|\bsponsored\b|continues below"),
        ("read_more_link", r"(?i)\A\W*(?:read(?: more| also| next)?|related|watch|more|see also|next)\s?[:|]"),
        ("caption_credit", r"(?i)\b(?:getty|photo(?:graph)?s?|image|picture|credit|courtesy|hide caption)\b"),
        ("hashtags", r"#\w|(?i:\A\W*tags:)"),
    )
)
# Reporters' standing phrases recur too; a sentence of the story is no template.
_REPORTING = re.compile(
    r"(?i)\b(?:said|says|told|asked|declined|respond(?:ed)?|according to|reported|contributed|spokes\w+|reporting|comment)\b"
)
_LONG = 40
# Prose without any word of a banner is a template only where a large part of the site's documents holds it: a story told
# in several versions recurs too.
_FREQUENT_SHARE = 0.1
_FREQUENT_DOCUMENTS = 5


class TemplateIndex:
    """Learned site templates, ready to look up.

    Args:
        evidence: frame of `learn_evidence`.
        config: thresholds.

    """

    def __init__(self, evidence: pl.DataFrame, config: StripConfig) -> None:
        sites = evidence.filter(pl.col("kind") == SITE)
        self._n_documents = dict(zip(sites["key"].to_list(), sites["n"].to_list(), strict=True))
        self._n_of_site: dict[str, int] = {}
        rows = evidence.filter(
            (pl.col("kind") == TEMPLATE) & (pl.col("n") >= 2) & (pl.col("value").bitwise_count_ones() >= 2)
        ).sort("key")
        self._keys: U64 = rows["key"].to_numpy()
        self._table = KeyTable(self._keys)
        # Versions of one story are one document: the sketch bounds what counts.
        least = rows.select(
            pl.when(pl.col("value").bitwise_count_ones() >= config.template_min_documents).then("n").otherwise(2)
        ).to_series()
        self._counts: npt.NDArray[np.uint32] = least.cast(pl.UInt32).to_numpy()
        self._config = config

    def count(self, pages: Sequence[KeyedPage]) -> list[npt.NDArray[np.int64]]:
        """Count for each token the documents of the site that hold an n-gram around it, 0 where only one does.

        Returns:
            For each page counts of shape (tokens,), the largest of the n-grams that cover the token.
        """
        counts = [np.zeros(len(one.tokens.hashes), dtype=np.int64) for one in pages]
        if not counts or not len(self._keys):
            return counts
        bounds = bound(len(one.template_keys) for one in pages)
        known, rows = self._table.find(np.concatenate([one.template_keys for one in pages]))
        found = np.zeros(bounds[-1], dtype=np.int64)
        found[known] = self._counts[rows]
        held = np.unique(np.searchsorted(bounds, known, side="right") - 1)
        for number in held.tolist():
            own = found[bounds[number] : bounds[number + 1]]
            for offset in range(TEMPLATE_N):
                part = counts[number][offset : offset + len(own)]
                np.maximum(part, own, out=part)
        return counts

    def count_key(self, key: int) -> int:
        """Count the documents under one key, 0 where it was met in less than two."""
        known, rows = self._table.find(np.array([key], dtype=np.uint64))
        return int(self._counts[rows[0]]) if len(known) else 0

    def least(self, site: str) -> float:
        """Documents of a site that must hold an n-gram before it counts as the site's template."""
        share = self._config.template_min_share * self.n_documents(site)
        return max(self._config.template_min_documents, share)

    def n_documents(self, site: str | None) -> int:
        """Documents known of a site."""
        if site is None:
            return 0
        if site not in self._n_of_site:
            self._n_of_site[site] = int(self._n_documents.get(hash_text(site), 0))
        return self._n_of_site[site]

    def is_frequent(self, count: int, site: str) -> bool:
        """Tell whether so many documents are a large part of the site's."""
        return bool(count >= max(_FREQUENT_DOCUMENTS, _FREQUENT_SHARE * self.n_documents(site)))


def find_templates(
    page: Page, tokens: Tokens, repeated: npt.NDArray[np.int64], own_end: int, index: TemplateIndex, config: StripConfig
) -> Iterator[Passage]:
    """Propose the passages of a page that repeat its site's template.

    Args:
        page: the document.
        tokens: of its text.
        repeated: for each token, the documents of the site that hold it too, of `TemplateIndex.count`.
        own_end: where the document's own beginning ends that other documents took from it.
        index: learned templates.
        config: thresholds.

    """
    if page.site is None:
        return
    least = index.least(page.site)
    if repeated.max(initial=0) < max(least, 1):
        return
    counts = np.where(repeated >= least, repeated, 0)
    steps = np.diff(np.concatenate(([0], (counts > 0).astype(np.int8), [0])))
    for first, last in zip(
        np.flatnonzero(steps == 1).tolist(), (np.flatnonzero(steps == -1) - 1).tolist(), strict=True
    ):
        start, end = _with_punctuation(page.text, int(tokens.starts[first]), int(tokens.ends[last]))
        start, end = _without_chance(page, start, end)
        n_bounds = (start in page.edges) + (end in page.edges)
        n_tokens = last - first + 1
        if n_bounds < 2 and n_tokens < config.template_min_tokens:
            continue
        category = _categorise(page.text[start:end])
        if category is None:
            if start < own_end or (n_tokens < _LONG and _REPORTING.search(page.text, start, end)):
                continue
            is_prose = page.text[end - 1] in '.!?”"' or n_tokens >= _LONG
            if is_prose and not index.is_frequent(int(counts[first : last + 1].min()), page.site):
                continue
            category = "related_article" if is_prose else "top_stories_widget"
        confidence = 0.85 if n_bounds == 2 else 0.8 if n_bounds else 0.7
        yield Passage(start, end, f"template-{category.replace('_', '-')}", category, confidence, is_certain=False)


def _categorise(passage: str) -> str | None:
    return next((category for category, pattern in _CATEGORIES if pattern.search(passage)), None)


def _with_punctuation(text: str, start: int, end: int) -> tuple[int, int]:
    """The same extent with the marks that touch it: brackets, quotation marks, stops."""
    while start > 0 and not text[start - 1].isspace() and not text[start - 1].isalnum():
        start -= 1
    while end < len(text) and not text[end].isspace() and not text[end].isalnum():
        end += 1
    return start, end


def _without_chance(page: Page, start: int, end: int) -> tuple[int, int]:
    """Cut a word or two behind the last sentence edge: different sentences often begin with the same word."""
    if end in page.edges:
        return start, end
    last = max((edge for edge in page.edges if start < edge < end), default=None)
    if last is not None and len(page.text[last:end].split()) <= 2:
        end = last
        while page.text[end - 1].isspace():
            end -= 1
    return start, end
