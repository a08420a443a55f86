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


BODIES = st.recursive(
    st.just("text"),
    lambda inner: st.builds(
        lambda tag, name, value, parts: f"<{tag} {name}={value!r}>{''.join(parts)}</{tag}>",
        st.sampled_from(("div", "section", "article", "main", "p")),
        st.sampled_from(("class", "id", "itemprop", "role")),
        st.sampled_from(
            (
                "x",
                "post",
                "articleBody",
                "story",
                "article",
                "content",
                "main",
                "entry-content",
                "single-post",
                "page-Content",
            )
        ),
        st.lists(inner, max_size=3),
    ),
    max_leaves=12,
)


def found_by_both(name, source):
    expressions = getattr(xpaths, name)
    tree = fromstring(f"<html><body>{source}</body></html>")
    theirs = {element for expression in expressions for element in expression(tree)}
    return ByKind(expressions)(tree)[0], [element for element in tree.iter() if element in theirs]


@settings(max_examples=60)
@given(nodes=st.lists(NODES, max_size=6))
def test_the_same_elements_are_found_in_page_order(nodes):
    for name in LISTS:
        ours, theirs = found_by_both(name, "".join(nodes))
        assert ours == theirs, name


@settings(max_examples=60)
@given(nodes=st.lists(NODES, max_size=6))
def test_several_groups_are_found_in_one_search(nodes):
    tree = fromstring(f"<html><body>{''.join(nodes)}</body></html>")
    groups = [getattr(xpaths, name) for name in LISTS]
    assert ByKind(*groups)(tree) == [ByKind(group)(tree)[0] for group in groups]


@settings(max_examples=100)
@given(nodes=st.lists(BODIES, max_size=6))
def test_the_first_element_is_the_one_that_trafilatura_would_take(nodes):
    tree = fromstring(f"<html><body>{''.join(nodes)}</body></html>")
    for expression in xpaths.BODY_XPATH:
        assert ByKind([expression]).find_first(tree) == expression(tree)[:1], expression.path


def test_the_first_attribute_of_the_source_decides_where_an_expression_looks_at_either():
    ours, theirs = found_by_both("PRECISION_DISCARD_XPATH", "<p id='x' class='link'>a</p><p class='link' id='x'>b</p>")
    assert ours == theirs
    assert [element.text for element in ours] == ["b"]


def test_no_more_kinds_than_allowed_are_remembered(monkeypatch):
    monkeypatch.setattr(kinds, "MAX_KINDS", 5)
    expression = ByKind(xpaths.TEASER_DISCARD_XPATH)
    for number in range(40):
        tree = fromstring(
            f"<div><p class='teaser {number}'>a</p><p class='{number}'>b</p><p class='teaser'>c</p></div>"
        )
        assert [element.text for element in expression(tree)[0]] == ["a", "c"]
        assert len(expression._found_by) <= 5


def test_kinds_of_long_attributes_are_found_and_not_remembered():
    expression = ByKind(xpaths.TEASER_DISCARD_XPATH)
    tree = fromstring(
        f"<div><p class='teaser {'x' * 5_000}'>a</p><p class='{'x' * 5_000}'>b</p><p class='teaser'>c</p></div>"
    )
    assert [element.text for element in expression(tree)[0]] == ["a", "c"]
    assert list(expression._found_by) == [("p", ("class", "teaser"))]
