"""Articles that infinite scroll appended become rows of their own; sections, live blogs and teasers do not."""

import json
import time

import polars as pl
import pytest

from cleaners.document import make_id, sha256_hex
from cleaners.extract import RAW_SCHEMA, ExtractConfig, extract_articles

URL = "https://courier.example/news/bridge-shut"
BRIDGE = [
    "A barge carrying gravel struck the second pillar of the harbour bridge at Tolne shortly before dawn on Monday, and the "
    "road across it was shut to all traffic within minutes, the port authority said.",
    "Divers found a crack about two metres long under the water line. Until it has been measured from inside, no car will be "
    "let onto the deck, said Ines Aram, who leads the authority’s engineers.",
    "Ferries will run every twenty minutes from both banks until midnight, and schools on the eastern side open an hour "
    "later than usual for the rest of the week, the town said.",
    "A decision on repairs is expected on Thursday, when the county’s council meets. The last inspection, four years ago, had "
    "found the pillars sound, according to a report that the authority published.",
]
LIBRARY = [
    "The library at Sund will lend tools from April, its director said on Tuesday, after a year in which a shelf of borrowed "
    "drills in the basement had become its most wanted one.",
    "Readers may keep a saw or a ladder for a week and pay nothing unless they bring it back broken. The town gives 20,000 "
    "a year, less than it spent on newspapers ten years ago.",
    "Carpenters welcomed it with a smile. Nobody who needs one of us will learn to plane a door by Friday, said Olav Brekke, "
    "whose workshop stands across the street.",
]
SCHOOL = [
    "Pupils at the school on Vik’s northern hill have counted the town’s hedgehogs for a third year and found more of them "
    "than in the years before, their teacher said.",
    "They laid tunnels of cardboard with ink at both ends into ninety gardens and read the prints by hand in the evenings, "
    "a method that the university in the county town taught them.",
    "Its biologists will use the figures. The animals have become rare in fields but not in towns, where they find both "
    "beetles and cat food, the university wrote in a report last year.",
]


def section(headline, paragraphs, *, tag="article", attributes="", date=None):
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    stamp = f"<time datetime='{date}'>{date}</time>" if date else ""
    return f"<{tag} {attributes}><header><h1>{headline}</h1>{stamp}</header><div class='body'>{body}</div></{tag}>"


def page(*sections, head=""):
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>Harbour bridge shut after barge strikes a pillar</title>"
        f"<meta property='og:type' content='article'><link rel='canonical' href='{URL}'>{head}</head><body>"
        f"<nav><a href='/'>Courier</a> <a href='/news'>News</a></nav><main>{''.join(sections)}</main>"
        f"<footer><p>© 2024 Tolne Courier</p></footer></body></html>"
    )


MAIN = section("Harbour bridge shut after barge strikes a pillar", BRIDGE)


def rows(html, config=None, url=URL):
    digest = sha256_hex(html)
    record = {"article_id": make_id(digest), "source_uri": "a", "media": "html", "content": html, "url": url}
    record |= {"raw_sha256": digest, "n_bytes": len(html), "authors": ["Nora Quist"], "title": "The bridge"}
    extracted = extract_articles(pl.DataFrame([record], RAW_SCHEMA), config or ExtractConfig())
    assert extracted.rejects.height == 0
    return extracted.documents.rows(named=True)


@pytest.mark.parametrize(
    "attributes",
    ["data-url='/news/tools-to-lend'", "data-canonical='https://courier.example/news/tools-to-lend?utm_source=x'"],
)
@pytest.mark.parametrize("tag", ["article", "div"])
def test_an_appended_article_is_a_row_of_its_own(tag, attributes):
    main, appended = rows(
        page(MAIN, section("Library lends tools from April", LIBRARY, tag=tag, attributes=attributes))
    )
    assert main["text"].split("\n") == BRIDGE
    assert (main["origin"], main["parent_article_id"]) == ("page", None)
    assert appended["text"].split("\n") == LIBRARY
    assert (appended["origin"], appended["parent_article_id"]) == ("embedded", main["article_id"])
    assert appended["title"] == "Library lends tools from April"
    assert appended["canonical_url"] == "https://courier.example/news/tools-to-lend"
    # Facts that the input gives about the page do not hold for the other article.
    assert (appended["url"], appended["authors"], appended["site"]) == (None, [], "courier.example")
    assert appended["source_uri"] == main["source_uri"]


def test_structured_data_of_several_articles_gives_each_its_own():
    nodes = [
        {
            "@type": "NewsArticle",
            "headline": headline,
            "url": f"https://courier.example/news/{n}",
            "datePublished": date,
        }
        | {"author": {"@type": "Person", "name": name}}
        for n, (headline, date, name) in enumerate(
            [
                ("Harbour bridge shut after barge strikes a pillar", "2024-03-05T10:00:00Z", "Per Alm"),
                ("Library lends tools from April", "2024-03-04T09:00:00Z", "Ida Holm"),
                ("Hedgehogs of Vik are counted again", "2024-03-03T08:00:00Z", "Bo Okafor"),
            ]
        )
    ]
    html = page(
        MAIN,
        section("Library lends tools from April", LIBRARY, tag="div"),
        section("Hedgehogs of Vik are counted again", SCHOOL, tag="div"),
        head=f"<script type='application/ld+json'>{json.dumps(nodes)}</script>",
    )
    main, *appended = rows(html)
    assert main["text"].split("\n") == BRIDGE
    assert [row["text"].split("\n") for row in appended] == [LIBRARY, SCHOOL]
    assert [row["authors"] for row in appended] == [["Ida Holm"], ["Bo Okafor"]]
    assert [row["published_at"].day for row in (main, *appended)] == [5, 4, 3]
    assert len({row["article_id"] for row in (main, *appended)}) == 3


def test_a_dated_article_element_with_its_own_first_headline_is_enough():
    _, appended = rows(page(MAIN, section("Library lends tools from April", LIBRARY, date="2024-03-04")))
    assert appended["text"].split("\n") == LIBRARY
    assert appended["published_at"].day == 4


@pytest.mark.parametrize(
    "other",
    [
        section("What we know about the barge", LIBRARY, tag="div"),
        section("Library lends tools from April", LIBRARY, attributes=f"data-url='{URL}#post-12'"),
        section("Library lends tools from April", LIBRARY[:1], attributes="data-url='/news/tools-to-lend'"),
        section("Harbour bridge shut after barge strikes a pillar", LIBRARY, attributes="data-url='/amp/bridge-shut'"),
    ],
    ids=["a part with a headline", "a live blog's post", "a teaser", "the headline again"],
)
def test_what_is_part_of_the_page_is_no_article_of_its_own(other):
    assert len(rows(page(MAIN, other))) == 1


def test_an_article_before_the_pages_own_stays_where_it_is():
    other = section("Library lends tools from April", LIBRARY, attributes="data-url='/news/tools-to-lend'")
    assert len(rows(page(other, MAIN))) == 1


def test_nothing_is_split_when_not_wanted():
    html = page(MAIN, section("Library lends tools from April", LIBRARY, attributes="data-url='/news/tools-to-lend'"))
    assert len(rows(html, ExtractConfig(splits_appended=False))) == 1


def test_many_headlines_cost_little_time():
    html = page(MAIN, *(f"<h1>Headline number {n} of a long page</h1><p>{LIBRARY[0]}</p>" for n in range(1_500)))
    started = time.process_time()
    assert len(rows(html)) == 1
    assert time.process_time() - started < 3
