"""The cascade keeps what trafilatura itself keeps in its default mode, whatever is left out of its way there."""

import logging

import pytest
from lxml.etree import tostring
from trafilatura import bare_extraction
from trafilatura.utils import load_html

from cleaners.extract.engine.cascade import keep_by_trafilatura
from cleaners.extract.page.parse import parse_page

PARAGRAPH = "<p>The ferry stays in the harbour until the ice is gone, the <a href='/p'>pilots</a> say, and the <b>post</b> waits too.</p>"
BRIEF = "<p>The ferry stays in the harbour.</p>"
LINKS = "".join(f"<p><a href='/{k}'>Ferries of the winter {k}</a></p>" for k in range(8))


@pytest.mark.parametrize("is_precise", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        f"<article>{6 * PARAGRAPH}</article>",
        f"<div class='entry-content'>{BRIEF}<div class='teaser'>{PARAGRAPH}</div></div><div>{LINKS}</div>",
        f"<div id='content'>{BRIEF}</div><section class='sidebar'>{3 * PARAGRAPH}</section>",
        f"<main>{BRIEF}<ul><li>{PARAGRAPH}</li><li><a href='/x'>Next</a></li></ul></main><footer>{PARAGRAPH}</footer>",
        f"<form><div><table><tr><td>{PARAGRAPH}</td><td>{BRIEF}</td></tr></table></div></form>",
        f"<div class='Comments'>{3 * PARAGRAPH}</div>{BRIEF}",
        "The ferry stays.<br>The post waits.<br>" * 4,
        "<p>Short.</p>",
    ],
)
def test_the_cascade_keeps_what_trafilatura_keeps(body, is_precise, monkeypatch):
    monkeypatch.setattr(logging.getLogger("trafilatura"), "level", logging.CRITICAL)
    source = f"<html><head><title>Ice in the harbour</title></head><body>{body}</body></html>"
    ours = keep_by_trafilatura(parse_page(source), is_precise=is_precise)
    theirs = bare_extraction(
        load_html(source), favor_precision=is_precise, include_comments=False, include_formatting=False
    )
    assert (ours is None) == (theirs is None)
    assert ours is None or tostring(ours) == tostring(theirs.body)
