"""Pages are parsed and kept as trafilatura itself does it, whatever is left out of its way there."""

import logging

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml.etree import tostring
from trafilatura import bare_extraction
from trafilatura.utils import load_html

from cleaners.extract.engine.precise import keep_precisely
from cleaners.extract.page.parse import parse_page

PARAGRAPH = "<p>The council voted on Monday to close the <b>old</b> bridge, a <a href='/b'>report</a> says, until the repairs are paid for.</p>"
STORY = f"<article><h1>Bridge closed</h1>{6 * PARAGRAPH}</article>"
REMARKS = 3 * "<p>I have crossed that bridge every day for thirty years and never saw a crack in it.</p>"
LINKS = 6 * "<p><a href='/n'>The bridge in ten pictures</a></p>"
POSTING = '<script type="application/ld+json">{"@type": %s}</script>'


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(logging.getLogger("trafilatura"), "level", logging.CRITICAL)


def page(body, head=""):
    return f"<html><head><title>Bridge closed</title>{head}</head><body>{body}</body></html>"


def kept_by_both(source):
    """Return what we keep of a page and what trafilatura does, as XML."""
    ours = keep_precisely(parse_page(source))
    theirs = bare_extraction(
        load_html(source), fast=True, favor_precision=True, include_comments=False, include_formatting=False
    )
    return ours if ours is None else tostring(ours), theirs if theirs is None else tostring(theirs.body)


@pytest.mark.parametrize(
    "body",
    [
        STORY,
        f"<main>{STORY}<div class='comments'>{REMARKS}</div></main>",
        f"<article>{5 * PARAGRAPH}<ol id='commentlist'><li>{REMARKS}</li></ol>{PARAGRAPH}</article>",
        f"<article>{5 * PARAGRAPH}<dl class='Comments'><dd>{REMARKS}</dd></dl>{PARAGRAPH}</article>",
        f"<article>{5 * PARAGRAPH}<section id='disqus_thread'>{REMARKS}</section></article>",
        f"<article>{5 * PARAGRAPH}<div class='post-comments'>{REMARKS}</div></article>",
        f"<article>{5 * PARAGRAPH}<div class='commentary'>{REMARKS}</div></article>",
        f"<div class='post-content'>{5 * PARAGRAPH}<div id='infinite-scroll'>{REMARKS}</div></div>",
        f"<div class='post-content'>{5 * PARAGRAPH}<div id='infinite-scroll'><h1>Next</h1>{REMARKS}</div></div>",
        f"{STORY}<div id='infinite-scroll'>{REMARKS}{STORY.replace('h1', 'h2')}</div>",
        f"{STORY}<div class='mvp-post-add-box'>{STORY}</div>",
        f"<div class='post-content'>{5 * PARAGRAPH}<div class='elementor-share-buttons'>{REMARKS}</div></div>",
        f"<form>{STORY}</form><nav>{REMARKS}</nav>",
        f"<div>{4 * PARAGRAPH}<table><tr><td>one</td><td>two</td></tr></table><ul><li>three</li></ul></div>",
        "<p>Short.</p>",
        "",
    ],
)
@pytest.mark.parametrize(
    "head", ["", POSTING % '"DiscussionForumPosting"', POSTING % '["A", "DiscussionForumPosting"]']
)
def test_pages_are_kept_as_by_trafilatura(body, head):
    ours, theirs = kept_by_both(page(body, head))
    assert ours == theirs


def test_comments_go_but_for_those_that_are_a_forums_posts():
    body = f"<article>{5 * PARAGRAPH}<dl class='comments'><dd>{REMARKS}</dd></dl>{PARAGRAPH}</article>"
    assert b"every day" not in kept_by_both(page(body))[0]
    assert b"every day" in kept_by_both(page(body, POSTING % '"DiscussionForumPosting"'))[0]


NAMES = st.sampled_from(
    (
        *(
            "",
            "x",
            "comments",
            "Comment-list",
            "commentary",
            "comol",
            "article-comments",
            "dsq-comments",
            "infinitescroll",
        ),
        *(
            "elementor-share-buttons",
            "mvp-post-add-wrap",
            "post-content",
            "article-body",
            "main",
            "share",
            "a\ncomments",
        ),
        *("teaser", "newsletter", "caption", "link bottom", "navbar", "cookie", "hidden", "border: 0"),
    )
)
TAGS = st.sampled_from(
    (
        *("div", "section", "aside", "details", "ol", "ul", "dl", "li", "dd", "p", "span", "article", "table", "td"),
        *("figure", "blockquote", "h1", "h2", "a", "b"),
    )
)
TEXTS = st.sampled_from(["", PARAGRAPH, REMARKS, "a few words", "<br>", LINKS])
NODES = st.recursive(
    TEXTS,
    lambda inner: st.builds(
        lambda tag, names, parts: f"<{tag} {' '.join(f'{k}={v!r}' for k, v in names.items())}>{''.join(parts)}</{tag}>",
        TAGS,
        st.dictionaries(st.sampled_from(["class", "id", "style", "role"]), NAMES, max_size=3),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=30)
@given(st.lists(NODES, max_size=5), st.booleans())
def test_any_tree_is_kept_as_by_trafilatura(nodes, is_forum):
    ours, theirs = kept_by_both(
        page("".join(nodes) + PARAGRAPH, POSTING % '"DiscussionForumPosting"' if is_forum else "")
    )
    assert ours == theirs


MARKUP = st.lists(
    st.sampled_from(["<", ">", "/", "html", "<p>", "</p>", "<?xml ", 'encoding="x"?>', "é", "\x01", "\ud800", " a"])
).map("".join)


@given(MARKUP)
@example('<?xml version="1.0" encoding="latin-1"?><html><body><p>é</p></body></html>')
@example("<html lang='en'/>\n<body><p>one</p><p>two</p></body>")
@example("<p>one block</p>")
@example("<html><body>lone \ud83d half</body></html>")
def test_pages_are_parsed_as_by_trafilatura(source):
    ours, theirs = parse_page(source), load_html(source)
    assert (None if ours is None else tostring(ours)) == (None if theirs is None else tostring(theirs))
