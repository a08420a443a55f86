"""Prose beside what trafilatura kept: other containers of the story are added, comments and teasers are not."""

import numpy as np
from lxml.html import document_fromstring

from cleaners.extract import ExtractConfig
from cleaners.extract.blocks.align import align_blocks
from cleaners.extract.blocks.blocks import split_blocks
from cleaners.extract.blocks.extend import extend_kept, find_prose
from cleaners.extract.page.page import extract_page

SENTENCES = [
    "The kiln was sold to a family from the valley in the spring.",
    "Nobody had fired it since the last clay pit flooded nine years ago.",
    "Her grandfather carried tiles down to the barges for two pence a day.",
    "A museum asks for the ledgers, which list every roof by its street.",
    "Rain came through the loft all winter, so the town paid for a cover.",
    "Two engineers measured the chimney and called its upper third unsafe.",
    "Children from the lower school will paint the fence before the fair.",
    "The bank lent half of the price against the meadow beside the canal.",
    "Old moulds lie stacked under the stairs, numbered in red chalk.",
    "Visitors may look around on the first Sunday of each month.",
    "Swallows nest above the drying racks and are to be left in peace.",
    "Work on the northern wall begins as soon as the frost is over.",
]


def added(html: str, kept: list[str]) -> list[str]:
    page = split_blocks(document_fromstring(html))
    shares = align_blocks(page.blocks, kept).kept
    extended = extend_kept(page, shares, find_prose(page.blocks))
    return [page.blocks[k].text for k in np.flatnonzero(extended != shares).tolist()]


def paragraphs(sentences: list[str]) -> str:
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def test_sibling_containers_of_the_same_class_are_added() -> None:
    html = "<body>" + "".join(
        f"<div class='grid'><div class='grid__text'>{paragraphs(SENTENCES[k : k + 3])}</div></div>"
        for k in (0, 3, 6, 9)
    )
    assert added(html, SENTENCES[:3]) == SENTENCES[3:]


def test_bare_text_beside_a_box_of_paragraphs_is_added() -> None:
    box = "Founded in 1874, it burnt twice and supplied masons between both rivers until peace returned, employing forty people."
    bare = "".join(f"<div class='block'>{sentence}</div>" for sentence in SENTENCES)
    html = f"<body><div id='entry'>{bare}<div class='block'><p class='fact'>{box}</p></div></div>"
    assert added(html, [box]) == SENTENCES


def test_comments_menus_and_links_are_not() -> None:
    html = (
        f"<body><div class='text'>{paragraphs(SENTENCES[:2])}</div>"
        + "".join(f"<div class='comment'><p>{sentence}</p></div>" for sentence in SENTENCES[2:8])
        + f"<nav class='text'>{paragraphs(SENTENCES[8:10])}</nav>"
        + f"<div class='text'><p><a href='/x'>{SENTENCES[10]}</a></p></div>"
    )
    assert added(html, SENTENCES[:2]) == []


def test_japanese_sentences_are_prose() -> None:
    text = "町議会は火曜日に古い桟橋を二年間閉鎖することを決めた。"
    page = split_blocks(document_fromstring(f"<body><p>{text}</p><p>閉鎖</p>"))
    assert find_prose(page.blocks).tolist() == [True, False]


def test_a_story_in_several_containers_comes_out_whole() -> None:
    parts = "".join(
        f"<div class='grid'><div class='grid__text'>{paragraphs(SENTENCES[k : k + 3])}</div></div><div class='ad'>Ad</div>"
        for k in (0, 3, 6, 9)
    )
    html = f"<html><head><title>Tile works sold</title></head><body><article><h1>Tile works sold</h1>{parts}</article></body></html>"
    assert extract_page(html, None, None, ExtractConfig()).text.split("\n") == SENTENCES
