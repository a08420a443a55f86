"""The page's blocks decide what trafilatura's text lacks and what it has too much of; nothing is invented."""

import random
import re
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import fromstring

from cleaners.document import make_id, sha256_hex
from cleaners.errors import Rejected
from cleaners.extract import RAW_SCHEMA, ExtractConfig, extract_articles
from cleaners.extract.blocks import judge
from cleaners.extract.blocks.align import align_blocks, align_words
from cleaners.extract.blocks.blocks import split_blocks
from cleaners.extract.blocks.describe import FEATURES, PageFacts, describe_blocks
from cleaners.extract.blocks.judge import judge_blocks, load_weights
from cleaners.extract.blocks.rewrite import rewrite_story
from cleaners.extract.page.page import extract_page

CONFIG = ExtractConfig()
FACTS = PageFacts(("Harbour bridge shut after barge strikes a pillar",), ("The bridge is shut.",), ("Nora Quist",), "")
HEADLINE = FACTS.titles[0]
STORY = [
    "A barge carrying gravel struck the second pillar of the harbour bridge at Tolne shortly before dawn on Monday, and the "
    "road across it was shut to all traffic within minutes, the port authority said.",
    "Divers found a crack about two metres long under the water line. Until it has been measured from inside, no car will be "
    "let onto the deck, said Ines Aram, who leads the authority’s engineers.",
    "“We do not close a bridge that 14,000 people cross every day because we like to,” Aram told reporters at the quay. “We "
    "close it because we do not know what holds it up.”",
    "The barge’s skipper, a man of 52, was not hurt. He told the police that his rudder had failed as he turned into the "
    "channel, an account that the owner of the vessel said it could neither confirm nor deny.",
    "Ferries will run every twenty minutes from both banks until midnight, and schools on the eastern side open an hour "
    "later than usual for the rest of the week, the town said.",
    "A decision on repairs is expected on Thursday, when the county’s council meets. The last inspection, four years ago, had "
    "found the pillars sound, according to a report that the authority published.",
]
NAVIGATION = "".join(f'<li><a href="/s/{n}">Section {n}</a></li>' for n in range(12))
TEASERS = "".join(f'<li><a href="/t/{n}">Seven things to know about ferries, part {n}</a></li>' for n in range(6))


def page(paragraphs=STORY, *, after="", before="", title=HEADLINE):
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title><meta property='og:type' content='article'></head><body>"
        f"<nav><ul>{NAVIGATION}</ul></nav><main><article><header><h1>{title}</h1></header>{before}"
        f"<div class='article-body'>{body}</div>{after}</article></main>"
        f"<aside class='related'><h3>Related</h3><ul>{TEASERS}</ul></aside><footer><p>© 2024 Tolne Courier</p></footer></body></html>"
    )


def lines_of(html, config=CONFIG):
    return extract_page(html, None, None, config).text.split("\n")


def words(text):
    return "".join(character for character in text.casefold() if character.isalnum())


# ---- blocks


def test_blocks_are_what_a_browser_sets_on_lines_of_its_own():
    tree = fromstring(
        "<html><body><div class='a'>One <b>bold</b> word<br>next line<p>A <a href='/x'>linked <i>name</i></a>.</p>tail"
        "<script>var x = 'no'</script> goes on<!-- no --> here<table><tr><td>1</td><td>two</td></tr></table>"
        "<select><option>no</option></select></div></body></html>"
    )
    page = split_blocks(tree)
    assert [block.text for block in page.blocks] == [
        "One bold word", "next line", "A linked name.", "tail goes on here", "1", "two",
    ]  # fmt: skip
    link = page.blocks[2]
    assert (link.n_links, link.link_characters) == (1, len("linked") + len("name"))
    assert page.nodes[link.node].tag == "p"
    assert page.nodes[page.nodes[link.node].parent].names.split() == ["a"]
    assert all(node.parent < at for at, node in enumerate(page.nodes))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=80), st.randoms(use_true_random=False))
def test_aligned_words_are_equal_and_in_order(page, rng):
    text = [word for word in page if rng.random() < 0.7] + [rng.randrange(14) for _ in range(rng.randrange(4))]
    places = align_words(np.array(page, np.int64), np.array(text, np.int64))
    held = places[places >= 0]
    assert (np.diff(held) > 0).all()
    assert all(page[at] == word for at, word in zip(places, text, strict=True) if at >= 0)


def test_a_text_taken_from_a_page_is_found_whole():
    rng = random.Random(4)
    page = [rng.randrange(500) for _ in range(3_000)]
    page[950] = 777  # stands once
    text = page[200:900] + page[950:951] + page[1_000:2_500]
    places = align_words(np.array(page, np.int64), np.array(text, np.int64))
    assert places.tolist() == [*range(200, 900), 950, *range(1_000, 2_500)]


def test_a_text_that_stands_twice_is_matched_where_its_neighbours_are():
    page = [*range(10), 50, 51, 52, *range(10, 20), 50, 51, 52, *range(20, 30)]
    text = [*range(10, 20), 50, 51, 52, *range(20, 30)]
    places = align_words(np.array(page, np.int64), np.array(text, np.int64))
    assert places.tolist() == list(range(13, 36))


# ---- the model


def test_features_are_finite_and_named_once():
    tree = fromstring(page())
    blocks = split_blocks(tree)
    described = describe_blocks(blocks, align_blocks(blocks.blocks, STORY), FACTS)
    assert described.features.shape[1] == len(FEATURES) == len(set(FEATURES))
    assert np.isfinite(described.features).all()
    assert len(described.features) == len(described.name_hashes) == len(described.word_hashes)


def test_the_model_separates_paragraphs_from_teasers():
    tree = fromstring(page())
    blocks = split_blocks(tree)
    described = describe_blocks(blocks, align_blocks(blocks.blocks, STORY), FACTS)
    probability = judge_blocks(described)
    texts = [block.text for block in blocks.blocks[described.start :]]
    story = [p for text, p in zip(texts, probability, strict=False) if text in STORY]
    teasers = [p for text, p in zip(texts, probability, strict=False) if text.startswith("Seven things")]
    assert min(story) > 0.7
    assert max(teasers) < 0.3


def test_weights_are_small_and_belong_to_the_features():
    weights = load_weights()
    assert sum(array.nbytes for array in weights if isinstance(array, np.ndarray)) < 2_000_000
    assert weights.feature.max() < len(FEATURES) + 2


def test_a_row_reaches_the_leaf_that_the_conditions_of_a_tree_lead_to():
    # Of feature 0 up to 5: of feature 1 up to 2 the first leaf, else the second; above 5 the third. And a tree of one leaf.
    weights = load_weights()._replace(
        feature=np.array([[0, 0], [1, 0]]),
        threshold=np.array([[5.0, np.inf], [2.0, np.inf]]),
        right=np.array([[0b100, 0xFFFF], [0b110, 0xFFFF]], np.uint16),
        value=np.zeros((2, 16)),
    )
    weights.value[0, :3], weights.value[1, 0] = (1.0, 2.0, 4.0), 0.5
    rows = np.array([[5.0, 2.0], [5.0, 2.1], [5.1, 0.0], [9.0, 9.0], [np.nan, 0.0]])
    assert judge._evaluate(rows, weights).tolist() == [1.5, 2.5, 4.5, 4.5, 1.5]


# ---- the pass


@pytest.mark.parametrize(
    "html",
    [
        page(),
        page().replace("<p>", "<div class='paragraph'>").replace("</p>", "</div>"),
        page().replace("article-body", "x1 y2").replace("<main>", "<div>").replace("</main>", "</div>"),
        page(["<br><br>".join(STORY)]),
    ],
    ids=["paragraphs", "divs", "without names", "breaks"],
)
def test_pages_of_several_shapes_give_the_story(html):
    assert lines_of(html) == STORY


@pytest.mark.parametrize(
    "junk",
    [
        "<div class='newsletter-signup'><p>Sign up for our morning newsletter to get the news in your inbox every day.</p></div>",
        "<p class='read-more'><a href='/x'>Read more: Seven things to know about ferries</a></p>",
        "<div class='share'><span>Share this article on Facebook</span></div>",
        "<figure><img src='a.jpg'><figcaption>The harbour bridge at dawn. Photo: Jan Orel / Courier</figcaption></figure>",
    ],
    ids=["newsletter", "read more", "share", "caption"],
)
def test_what_stands_between_the_paragraphs_goes(junk):
    html = page([*STORY[:3], f"</p>{junk}<p>", *STORY[3:]])
    assert lines_of(html) == STORY


def test_a_headline_is_never_taken_back():
    lines = lines_of(page([f"<b>{HEADLINE}</b>", *STORY]))
    assert lines == STORY


def test_the_names_of_a_dropped_byline_become_authors():
    html = page(before="<div class='byline'>By Nora Quist and Per Alm</div>")
    found = extract_page(html, None, None, CONFIG)
    assert found.text.split("\n") == STORY
    assert found.metadata.authors == ["Nora Quist", "Per Alm"]


@pytest.mark.parametrize(
    "trait", ["class='link sr-only'", "class='u-visually-hidden'", "style='clip:rect(0 0 0 0);position:absolute'"]
)
def test_words_for_screen_readers_are_no_text(trait):
    hint = f"<a href='/x'>the port authority<span {trait}>, opens new tab</span></a>"
    assert lines_of(page([STORY[0].replace("the port authority", hint), *STORY[1:]])) == STORY
    seen = "<span class='not-sr-only'>the port authority</span>"
    assert lines_of(page([STORY[0].replace("the port authority", seen), *STORY[1:]])) == STORY


@pytest.mark.parametrize(
    "inside",
    [
        "<a class='related-link' href='/x'>{}</a>",
        "<span class='newsletter-word'>{}</span>",
        "<span class='dropcap'>{}</span>",
    ],
)
def test_words_taken_out_within_a_sentence_are_given_back(inside):
    word, drop = "measured from inside", "T"
    linked = STORY[1].replace(word, inside.format(word))
    opened = inside.format(drop) + STORY[0].removeprefix("A ").replace("barge", "he barge", 1)
    assert lines_of(page([opened, linked, *STORY[2:]])) == ["The barge" + STORY[0].removeprefix("A barge"), *STORY[1:]]


@pytest.mark.parametrize(
    "box", ["<aside class='related'><h3>Related</h3><p>{}</p></aside>", "<figure><figcaption>{}</figcaption></figure>"]
)
def test_text_on_both_sides_of_a_dropped_box_is_two_lines(box):
    inside = f"{STORY[3]}{box.format('Seven things to know about ferries')}{STORY[4]}"
    assert lines_of(page([*STORY[:3], inside, STORY[5]])) == STORY


def test_switches_take_out_what_they_name():
    table = "<table><tr><th>Ferry</th><th>Seats</th></tr><tr><td>Old Anna</td><td>220</td></tr></table>"
    html = page([*STORY[:3], "</p><h2>What the skipper said</h2><p>", *STORY[3:5], f"</p>{table}<p>", STORY[5]])
    everything = lines_of(html, ExtractConfig(drop_below=0.0, keep_tables=True))
    assert "What the skipper said" in everything
    assert "Old Anna\t220" in everything
    bare = lines_of(html, ExtractConfig(drop_below=0.0, keep_subheads=False, keep_tables=False))
    assert bare == [
        line for line in everything if line not in ("What the skipper said", "Ferry\tSeats", "Old Anna\t220")
    ]


def test_lines_above_the_story_come_back_only_when_wanted():
    deck = "Thousands must take the ferry after a barge hits the harbour bridge"
    tree = fromstring(page(before=f"<p class='standfirst'>{deck}</p>"))
    for wanted in (True, False):
        config = ExtractConfig(keep_standfirst=wanted, rescue_from=0.0)
        assert (deck in rewrite_story(split_blocks(tree), STORY, FACTS, config).lines) is wanted


def test_notes_at_the_end_stay_when_wanted():
    note = "Reporting by Per Alm in Tolne; editing by Ida Holm"
    html = page([*STORY, note])
    assert note in lines_of(html, ExtractConfig(keep_notes=True))


def test_a_dropped_paragraph_of_the_story_comes_back():
    tree = fromstring(page())
    rewritten = rewrite_story(split_blocks(tree), [*STORY[:2], *STORY[3:]], FACTS, CONFIG)
    assert rewritten.is_changed
    assert rewritten.lines == STORY


@pytest.mark.parametrize(
    "lines", [[], ["Nothing of this stands on the page, not even in part, for it was found elsewhere."]]
)
def test_lines_that_are_not_the_pages_stay(lines):
    rewritten = rewrite_story(split_blocks(fromstring(page())), lines, FACTS, CONFIG)
    assert rewritten.lines == lines
    assert not rewritten.is_changed


def test_no_page_becomes_empty_through_the_pass():
    strict = ExtractConfig(drop_below=1.0, rescue_from=1.0)
    assert lines_of(page(), strict) == STORY
    assert lines_of(page(), ExtractConfig(judges_blocks=False)) == STORY


def test_without_the_pass_trafilatura_decides():
    odd = page([*STORY[:3], "<b>Harbour bridge shut after barge strikes a pillar</b>", *STORY[3:]])
    assert HEADLINE in lines_of(odd, ExtractConfig(judges_blocks=False))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *STORY, "<p>", "</p>", "<div class='ad'>", "</div>", "<li>", "<h2>", "</h2>", "<br>", "<table><tr><td>", "<b>", "</b>",
                "<a href='/x'>Read more</a>", "By Nora Quist", "Sign up", "Photo: Courier", "<blockquote>", "<aside>", "</aside>",
            ]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_every_line_is_text_of_the_page(parts):
    html = f"<html><body><article>{''.join(parts)}</article></body></html>"
    try:
        lines = lines_of(html)
    except Rejected:
        return
    whole = words(fromstring(html).text_content())
    # Text on both sides of a box that is left out may come as one line.
    assert all(words(part) in whole for line in lines for part in re.split(r"(?<=[.!?])", line))
    assert any(words(line) for line in lines)


@pytest.mark.parametrize(
    "html",
    [
        "<html><body>" + "<div>" * 3_000 + f"<p>{STORY[0]}</p>",
        "<html><body>" + "<p>word word word</p>" * 30_000,
        "<html><body><article>"
        + "".join(f"<p>{line} {n}</p>" for n in range(500) for line in STORY)
        + "</article></body></html>",
        "<html><body><article><p>" + " ".join(STORY) * 300 + "</p></article></body></html>",
    ],
    ids=["deep", "many equal blocks", "long", "one block"],
)
def test_huge_pages_take_the_pass_little_time(html):
    tree = fromstring(html)
    lines = [" ".join(text.split()) for text in tree.itertext() if text.strip()][:4_000]
    started = time.process_time()
    rewrite_story(split_blocks(tree), lines, FACTS, CONFIG)
    assert time.process_time() - started < 5


def test_the_pass_does_not_depend_on_the_batch():
    records = []
    for n in range(4):
        html = page(
            [*STORY, f"It was accident number {n} at the bridge since the port was opened to barges, the port said."]
        )
        digest = sha256_hex(html)
        base = {"article_id": make_id(digest), "source_uri": str(n), "media": "html", "content": html}
        records.append(base | {"raw_sha256": digest, "n_bytes": len(html)})
    together = extract_articles(pl.DataFrame(records, RAW_SCHEMA), CONFIG).documents
    alone = [extract_articles(pl.DataFrame([record], RAW_SCHEMA), CONFIG).documents for record in records]
    assert together.equals(pl.concat(alone))
