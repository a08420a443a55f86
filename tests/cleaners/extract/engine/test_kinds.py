"""Search by kind of element finds what path expressions find, whatever the page."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import fromstring
from trafilatura import xpaths

from cleaners.extract.engine import kinds
from cleaners.extract.engine.kinds import ByKind

LISTS = ("OVERALL_DISCARD_XPATH", "DISCARD_IMAGE_ELEMENTS", "TEASER_DISCARD_XPATH", "PRECISION_DISCARD_XPATH")
VALUES = st.sampled_from(
    (
        *(
            "",
            "x",
            "teaser",
            "top Teaser",
            "caption",
            "newsletter",
            "share-bar",
            "cookie-note",
            "Navigation",
            "reply-1",
        ),
        *(
            "link",
            "permalink",
            "page-bottom",
            "bottomless",
            "border: 0",
            "display:none",
            "hidden",
            "true",
            "a\u00a0link",
        ),
    )
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ("class", "id", "style", "role", "aria-hidden", "data-component", "data-lp-replacement-content", "title")
    ),
    VALUES,
    max_size=4,
)
TAGS = st.sampled_from(("div", "item", "list", "p", "section", "span", "header", "td", "b", "fb:like"))
NODES = st.recursive(
    st.just("text"),
    lambda inner: st.builds(
        lambda tag, values, parts: (
            f"<{tag} {' '.join(f'{name}={value!r}' for name, value in values.items())}>{''.join(parts)}</{tag}>"
        ),
        TAGS,
        ATTRIBUTES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


def found_by_both(name, source):
    expressions = getattr(xpaths, name)
    tree = fromstring(f"<html><body>{source}</body></html>")
    theirs = {element for expression in expressions for element in expression(tree)}
    return ByKind(expressions)(tree), [element for element in tree.iter() if element in theirs]


@settings(max_examples=60)
@given(nodes=st.lists(NODES, max_size=6))
def test_the_same_elements_are_found_in_page_order(nodes):
    for name in LISTS:
        ours, theirs = found_by_both(name, "".join(nodes))
        assert ours == theirs, name


def test_the_first_attribute_of_the_source_decides_where_an_expression_looks_at_either():
    ours, theirs = found_by_both("PRECISION_DISCARD_XPATH", "<p id='x' class='link'>a</p><p class='link' id='x'>b</p>")
    assert ours == theirs
    assert [element.text for element in ours] == ["b"]


def test_a_value_that_xml_cannot_hold_is_left_to_the_expressions(monkeypatch):
    expression = ByKind(xpaths.TEASER_DISCARD_XPATH)
    monkeypatch.setattr(expression, "_evaluate", lambda kinds: (_ for _ in ()).throw(ValueError("not XML")))
    tree = fromstring("<div><p class='teaser'>a</p><p class='x'>b</p></div>")
    assert [element.text for element in expression(tree)] == ["a"]


def test_no_more_kinds_than_allowed_are_remembered(monkeypatch):
    monkeypatch.setattr(kinds, "MAX_KINDS", 5)
    expression = ByKind(xpaths.TEASER_DISCARD_XPATH)
    for number in range(40):
        tree = fromstring(
            f"<div><p class='teaser {number}'>a</p><p class='{number}'>b</p><p class='teaser'>c</p></div>"
        )
        assert [element.text for element in expression(tree)] == ["a", "c"]
        assert len(expression._is_found) <= 5


def test_kinds_of_long_attributes_are_found_and_not_remembered():
    expression = ByKind(xpaths.TEASER_DISCARD_XPATH)
    tree = fromstring(
        f"<div><p class='teaser {'x' * 5_000}'>a</p><p class='{'x' * 5_000}'>b</p><p class='teaser'>c</p></div>"
    )
    assert [element.text for element in expression(tree)] == ["a", "c"]
    assert list(expression._is_found) == [("p", ("class", "teaser"))]
