"""Labels and what they lead to: takes a page and learned evidence, gives units of a label with its headlines.

A label of the closed lists, or one that recurs over a site's documents with headlines behind it. It is a border too: its unit goes
with it or nothing does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from cleaners.junk.detectors.rules import RuleDescription, load_rules
from cleaners.junk.detectors.templates import TemplateIndex
from cleaners.junk.evidence.keys import KeyedPage
from cleaners.junk.evidence.label_counts import Label, key_of, list_labels
from cleaners.junk.page.page import Page, Passage
from cleaners.junk.rule_files import load_words

DESCRIPTIONS = (
    RuleDescription(
        id="template-label",
        category="read_more_link",
        description="A short label before a colon or on a line of its own that recurs over the documents of one site with "
        "headlines behind it, and these headlines.",
        any_language=True,
    ),
)

_CONFIDENCE = 0.86
# Documents in which a label leads to anything but headlines, for each in which it leads to them.
_MAX_OTHER = 0.25


def find_site_labels(keyed: KeyedPage, index: TemplateIndex) -> Iterator[Passage]:
    """Propose the units of labels that recur over the page's site."""
    site = keyed.page.site
    if site is None or not index.n_documents(site):
        return
    for label in keyed.labels:
        if not label.leads_to_headlines:
            continue
        n_leads = index.count_key(key_of(site, label.text, leads=True))
        if n_leads < index.least(site):
            continue
        if index.count_key(key_of(site, label.text, leads=False)) <= _MAX_OTHER * n_leads:
            yield Passage(label.start, label.end, "template-label", "read_more_link", _CONFIDENCE, is_certain=False)


def list_borders(page: Page) -> list[Label]:
    """List the labels of the closed lists in a page that lead to headlines."""
    closed = _closed_labels()
    return [label for label in list_labels(page) if label.leads_to_headlines and label.text.casefold() in closed]


@lru_cache(maxsize=1)
def _closed_labels() -> frozenset[str]:
    link_rules = (rule for rule in load_rules() if rule.category == "read_more_link")
    phrases = (phrase for rule in link_rules for phrases in rule.phrases.values() for phrase in phrases)
    return load_words()["widget_headings"] | load_words()["link_labels"] | frozenset(phrases)
