"""Attributes of a tag are bounded before parsing: the parser finds the same page, each element with the first of its own."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement

from bench.hostile.stories import make_page
from cleaners.extract.page.bound import MAX_ATTRIBUTES, bound_attributes
from cleaners.extract.page.parse import parse_page

LIMIT = 3
# Constructs that HTML's tokenizer treats in a way of its own.
PIECES = st.sampled_from(
    [
        *("<p", "<a", "<div ", "</p", "</div a=1 b=2 c=3 d=4>", "<br/", "<P\n", "<x-y", "<i>word</i>", ">", "/>", " >"),
        *(" a", " b=1", " c='x'", ' d="y"', " e = f", " g= 'h i'", "/h", " A=1", " i='>'", ' j="<p k>"', " =l", " m==", " n=o/", "\tq"),
        *('"', "'", "=", "<", "&", " ", "\n", "\f", "\r", "text ", "é", "<!--", "-->", "--!>", "-", "<!", "<?", "</", "<![CDATA[", "]]>"),
        *("<script", "<script>", "</script>", "</script", "<SCRIPT a b c d e>", "</ScRiPt >", "<script/>", "<style>", "</style>"),
        *("<textarea>", "</textarea>", "<title>", "</title>", "<iframe src=x>", "</iframe>", "<noscript>", "<xmp>", "</xmp >"),
        *("<plaintext>", "<svg>", "<template>", "<p a b c d e>", "<p a='1'b='2'c='3'd='4'>", "<!DOCTYPE html>"),
    ]
)  # fmt: skip
SOURCES = st.lists(PIECES, max_size=40).map(lambda pieces: "<html><body><u>x</u>" + "".join(pieces))


def read(source: bytes) -> list[tuple[str, str | None, str | None, list[tuple[str, str]]]]:
    """Every element as the parser finds it."""
    tree: HtmlElement = parse_tree(source)
    return [(str(element.tag), element.text, element.tail, list(element.items())) for element in tree.iter()]


def parse_tree(source: bytes) -> HtmlElement:
    from cleaners.extract.page.parse import _parse

    tree = _parse(source)
    assert tree is not None
    return tree


@settings(max_examples=200, deadline=None)
@given(SOURCES)
@example("<p a='>' b='>' c='>' d='>' e>text</p><i f>")
@example("<script><!--<script></script> <p a b c d e> --></script><p a b c d e>")
@example("<script><!--></script><p a b c d e>")
@example("<title><p a b c d e></title><p a b c d e>")
@example("<script/><p a b c d e>")
@example("<p ='a>b' c d e f g>")
@example("<!-- <p a b c d e> --><p a b c d e></p a b c d e>")
def test_the_parser_finds_the_same_page_but_for_attributes_beyond_the_bound(source: str) -> None:
    data = source.encode()
    bounded = bound_attributes(data, LIMIT)
    before, after = read(data), read(bounded)
    assert [element[:3] for element in after] == [element[:3] for element in before]
    for (*_, kept), (*_, own) in zip(after, before, strict=True):
        assert kept == own[: len(kept)]
        assert len(kept) <= LIMIT
    assert bound_attributes(bounded, LIMIT) is bounded
    assert bound_attributes(data, 1_000) is data


@settings(max_examples=40)
@given(st.text(max_size=60), st.integers(0, 12))
def test_text_outside_tags_stays(text: str, n: int) -> None:
    text = text.replace("<", "").encode("utf-8", "ignore").decode()
    attributes = "".join(f" a{k}" for k in range(n))
    few = "".join(f" a{k}" for k in range(min(n, LIMIT)))
    start, end = f"{text}<p", f">{text}</p><!-- <p{attributes}> -->{text}<script>if (a<b{attributes}) c</script>{text}"
    assert bound_attributes(f"{start}{attributes}{end}".encode(), LIMIT) == f"{start}{few}{end}".encode()


def test_a_page_of_too_many_attributes_keeps_its_text_and_the_first_of_them() -> None:
    story = "<p>The harbour board approved the plan on Monday.</p>"
    many = "".join(f" a{n}='{n} > 1'" for n in range(20_000))
    tree = parse_page(make_page(random.Random("bound"), body=f"<div{many}>{story}</div>{story}"))
    assert tree is not None
    div = next(tree.iter("div"))
    assert [name for name, _ in div.items()] == [f"a{n}" for n in range(MAX_ATTRIBUTES)]
    assert [p.text for p in tree.iter("p")] == ["The harbour board approved the plan on Monday."] * 2


@pytest.mark.parametrize(
    "unit",
    ["<p ", "<p a='", '<p a="', "<", "</", "<!--", "<!-", "<script>", "<script><!--", "</script", "<p/", "<p =", "a", "<a b='>' ", "<p a=1>", "-->", "<title>", " a=1"],
)  # fmt: skip
def test_the_scan_takes_linear_time(unit: str) -> None:
    seconds = []
    for size in (100_000, 400_000):
        source = f"<p{unit * (size // len(unit))}".encode()
        bound_attributes(source[:1000])
        started = time.process_time()
        bound_attributes(source)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 8 * seconds[0] + 0.05
