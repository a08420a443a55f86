"""Every code that a row of a published table may bear, with what it says."""

from __future__ import annotations

ORIGINS = ("page", "text", "embedded")
MATCHES = ("exact", "near", "single")
DUPLICATE_RELATIONS = {
    "copy": "both say the same, nearly word for word",
    "update": "both are the same report, and each has words of its own",
    "excerpt": "the shorter one stands in the longer, which says more",
}
OTHER_RELATIONS = {
    "quotes": "most of what they share stands in quotation marks: two reports of one statement, letter or post",
    "standing_text": "they share a form, a gallery, a list or background, and report different things",
}
STAGES = ("discover", "read", "extract", "strip", "contracts")

# The ten kinds of junk of the development sets, what else real pages hold, then what only whole articles have.
JUNK_CATEGORIES = {
    "signup_banner": "an invitation to subscribe, register or receive a newsletter",
    "related_article": "another article, or its card, inside this one",
    "top_stories_widget": "a list of other headlines",
    "caption_credit": "a caption or credit of a picture that is not here",
    "share_ui": "share, print, copy-link and similar buttons",
    "comments_ui": "the comment section or its buttons",
    "read_more_link": "a line that links to another article",
    "hashtags": "tags and hashtags",
    "cookie_notice": "cookie, consent and terms notices",
    "ad_marker": "a marker where an advertisement stood",
    "page_furniture": "the page's own labels: navigation, players, forms, author lines",
    "byline": "the author or outlet line, kept in `authors` or `site`",
    "agency_credit": "the agency's closing credit, kept in `agency`",
}

REJECT_REASONS = {
    "unreadable": "the input could not be opened or read to its end",
    "changed": "the input changed or vanished between discovery and reading; the next run reads it again",
    "unsupported_format": "no reader for this kind of file",
    "too_large": "larger than the size limit of the config",
    "empty": "no bytes, or nothing but white space",
    "binary": "the bytes are not text",
    "undecodable": "no encoding could be found that makes text of the bytes",
    "malformed_record": "a record inside a container cannot be parsed or lacks both text and html",
    "identical_input": "the same bytes under the same name or address came twice; the first was kept",
    "no_article": "no article text could be extracted",
    "too_short": "fewer words than the config asks of an article",
    "nothing_left": "every character was stripped as junk",
    "contract": "the row breaks the contract of its table",
    "timed_out": "the step did not end within the time limit of a document",
    "crashed_worker": "the process that worked on this document died, twice",
    "failed": "the step failed on this document for a reason it does not know",
}

NAME_FLAG_KINDS = {
    "wrong_given": "the surname of the canonical person with another given name",
    "misspelling": "one or two letters away from the canonical form",
    "transliteration": "another spelling of a name from another script",
    "diacritics": "the same letters without, or with other, marks",
    "swapped_order": "given name and surname in the other order",
    "alias": "another name of the same person or organisation",
    "namesake": "the surname of a better-known person with another given name, most likely somebody else: no error",
    "role_conflict": "an office that the other texts give to somebody else: no error of the name, for an editor to look at",
}

# Where a value of an article's metadata was read, the surer first.
METADATA_SOURCES = {
    "input": "the record itself: a column of the input",
    "json_ld": "the page's JSON-LD",
    "opengraph": "a meta of OpenGraph (`og:`, `article:`)",
    "meta": "another meta of the page's head",
    "link": "the page's canonical link",
    "heading": "a heading of the first rank",
    "title": "the page's title element",
    "time": "a time element of the article",
    "byline": "a line or an element of the page that names its writer",
    "address": "the address of the page",
    "markup": "the rest of the page's markup, by the rules of trafilatura and htmldate",
    "text": "the text itself",
    "card": "the card that announces an embedded article",
    "parent": "the article it was found in",
}
# What the sources of an article's metadata disagree on, or leave open.
METADATA_DOUBTS = {
    "title_differs": "the page's headings and structured data give another headline than the title taken",
    "authors_differ": "two sources name different people; those of the first are taken",
    "author_is_outlet": "the page names nobody but an outlet, an agency or a desk as its author",
    "byline_unread": "an outlet is stated as author, but a name stands alone above the story: no author is given",
    "time_without_zone": "no source gives the zone of the time of day; it is read as UTC",
    "day_only": "no source gives the time of day; it is midnight UTC",
    "instants_differ": "two sources give publication times more than a day apart; the first is taken",
    "date_refused": "a stated date lies after the page was fetched and is not believed",
}

# The category of what is reported and stays in the text.
SUSPECTED = "suspected"

UNITS: dict[str, str] = {
    "articles": "articles",
    "median_words": "words",
    "removed_share": "share",
    "reject_share": "share",
    "duplicate_share": "share",
    "doubtful_share": "share",
}

# What `changes` records: tables, and the column whose values name what changed in them. A further entity is a line here.
ENTITIES = {
    "articles": "article_id",
    "clusters": "cluster_id",
    "duplicate_pairs": "left_id",
    "related_pairs": "left_id",
    "stories": "story_id",
    "story_summary": "story_id",
    "name_mentions": "article_id",
    "name_flags": "flag_id",
    "name_replacements": "flag_id",
}
CHANGE_KINDS = {
    "added": "it was not there before",
    "changed": "some of its rows are others than before",
    "removed": "it is gone",
    "merged": "it is gone, and rows of it stand under another id, as of a cluster that went into another",
}
