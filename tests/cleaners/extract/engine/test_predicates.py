"""A path expression compiled to a test of tag and attributes says of an element what XPath says."""

import pytest
from lxml.etree import XPath
from lxml.html import fromstring
from trafilatura import xpaths

from cleaners.extract.engine.predicates import compile_test

RE = {"re": "http://exslt.org/regular-expressions"}
ELEMENTS = [
    '<div class="story Main-Content" id="x"></div>',
    '<div id="Comments" class="related"></div>',
    '<section class="related" id="Comments"></section>',
    '<p role="Navigation" style="border: 1px"></p>',
    '<p data-lp-replacement-content=""></p>',
    '<article class="FullText"></article>',
    "<header></header>",
    '<span class="share\u00a0bar"></span>',
]


def elements():
    for source in ELEMENTS:
        tree = fromstring(f"<html><body><main>{source}</main></body></html>")
        yield tree.find(".//main")


@pytest.mark.parametrize(
    "path",
    [
        ".//*[self::div or self::p][contains(@class, 'story') or @role='x']",
        ".//*[self::div][not(@id) or re:test(@id, '^comm', 'i')]",
        ".//*[re:test(@id|@class, 'elated')]",
        ".//*[starts-with(@id|@class, 'Comm')]",
        ".//*[@data-lp-replacement-content or contains(translate(@role, 'N', 'n'), 'nav')]",
        ".//header",
        "(.//*[self::section or self::div][@class='related'])[1]|(.//article)[1]",
        './/*[@id="Comments" or re:test(@class, "fulltext", "i")]',
        ".//*[contains(@style, 'border')]|.//span",
    ],
)
def test_what_a_test_passes_is_what_xpath_finds(path):
    expression = XPath(path, namespaces=RE)
    test = compile_test(expression)
    for around in elements():
        element = around[0]
        assert test(element.tag, dict(element.items())) == bool(expression(around)), (path, element.items())


def test_every_list_that_is_searched_by_kind_can_be_compiled():
    names = ("OVERALL_DISCARD", "DISCARD_IMAGE_ELEMENTS", "TEASER_DISCARD", "PRECISION_DISCARD", "BODY")
    names += ("REMOVE_COMMENTS_AND_LISTS", "REMOVE_COMMENTS")
    for name in names:
        of_name = getattr(xpaths, name, None) or getattr(xpaths, f"{name}_XPATH")
        for expression in of_name:
            test = compile_test(expression)
            for around in elements():
                element = around[0]
                assert test(element.tag, dict(element.items())) == bool(expression(around)), expression.path


@pytest.mark.parametrize("path", [".//*[not(.//h1)]", "//div", ".//*[position()=1]", ".//*[@a and @b]", ".//div/p"])
def test_what_an_element_does_not_decide_by_itself_is_refused(path):
    with pytest.raises(ValueError, match="no test of an element"):
        compile_test(XPath(path))
