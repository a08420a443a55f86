"""Pages and text files become documents; what is no article says why."""

import json
import time
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA, make_id, sha256_hex
from cleaners.extract import RAW_SCHEMA, ExtractConfig, extract_articles
from cleaners.extract.page.addresses import clean_url, host_of, is_front_page
from cleaners.extract.page.page import _block_rules
from cleaners.extract.text.plain import UNSPACED, WORD, count_words, find_agency, find_title
from cleaners.schemas import Rejects

CONFIG = ExtractConfig()
SEEDS = Path(__file__).parents[3] / "seeds"
TITLES = {
    "001": "Beijing questions Chinese tech giants on Nvidia H20 chip buys",
    "002": "China urges firms to avoid Nvidia H20 chips after Trump resumes sales",
}

STORY = [
    "ALDMOUTH, March 5 (Reuters) - The council of Aldmouth voted on Tuesday to close the old ferry pier for a year, "
    "after engineers found that two of its iron piles had rusted through.",
    "Mayor Ellen Marsh said that the repairs would cost £4 million and that the island’s 600 residents would be served "
    "by a smaller boat from the fish market, which can carry 40 people and no cars.",
    "“We looked at every other way,” Marsh told reporters after the vote. “There was none that an engineer would sign.”",
    "Shopkeepers on the island, who live from summer visitors, have asked the county for help, and a decision on a fund "
    "of £300,000 is expected in the week after Easter.",
]
HEADLINE = "Aldmouth closes its ferry pier for a year"
NAVIGATION = "".join(f'<li><a href="/s/{n}">Section {n}</a></li>' for n in range(12))
JSON_LD = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [{"@type": "WebPage"},
 {"@type": ["NewsArticle"], "headline": "Aldmouth closes its ferry pier for a year",
  "datePublished": "2024-03-05T18:30:00+01:00", "author": [{"@type": "Person", "name": "Ann Lee"},
  {"@type": "Person", "name": "Bo Okafor"}]}]}</script>"""


def page(paragraphs=STORY, *, head="", headline=HEADLINE, title=None):
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title or headline + ' | Aldmouth Post'}</title>{head}</head><body>"
        f"<nav><ul>{NAVIGATION}</ul></nav><main><article><h1>{headline}</h1>{body}</article></main>"
        f"<footer><ul>{NAVIGATION}</ul><p>© 2024 Aldmouth Post</p></footer></body></html>"
    )


def record(content, media="html", **fields):
    digest = sha256_hex(content)
    base = {"article_id": make_id(digest), "source_uri": "in/a", "media": media, "content": content}
    return base | {"raw_sha256": digest, "n_bytes": len(content)} | fields


def extract(*records, config=CONFIG):
    return extract_articles(pl.DataFrame(records, RAW_SCHEMA), config)


def extract_one(content, media="html", config=CONFIG, **fields):
    documents, rejects = extract(record(content, media, **fields), config=config)
    assert rejects.height == 0, rejects["detail"].to_list()
    return documents.row(0, named=True)


def reject_one(content, media="html", config=CONFIG, **fields):
    documents, rejects = extract(record(content, media, **fields), config=config)
    assert documents.height == 0
    return rejects.row(0, named=True)


# ---- pages


def test_a_page_gives_its_story_one_paragraph_a_line_and_nothing_else():
    document = extract_one(page())
    assert document["text"].split("\n") == STORY
    assert document["title"] == HEADLINE
    assert (document["origin"], document["language"], document["agency"]) == ("page", "en", "REUTERS")
    assert document["extractor"].startswith("trafilatura ")
    assert document["extractor"].endswith(" precision")
    assert document["parent_article_id"] is None


def test_frames_keep_their_contracts():
    documents, rejects = extract(record(page()), record("no", "text"), record(page(), source_uri="in/b"))
    assert documents.schema == DOCUMENT_SCHEMA
    assert rejects.schema == REJECT_SCHEMA
    assert documents["source_uri"].to_list() == ["in/a", "in/b"]
    assert set(REJECT_SCHEMA.names()) == set(Rejects.columns()) - {"run_id"}
    Rejects.validate(rejects.with_columns(run_id=pl.lit("test")), cast=False)
    empty = extract_articles(pl.DataFrame(schema=RAW_SCHEMA), CONFIG)
    assert (empty.documents.schema, empty.rejects.schema) == (DOCUMENT_SCHEMA, REJECT_SCHEMA)


def test_metadata_comes_from_structured_data():
    head = JSON_LD + (
        '<link rel="canonical" href="/news/pier?utm_source=rss&amp;id=7&amp;fbclid=x#top">'
        '<meta property="og:site_name" content="Aldmouth Post">'
    )
    document = extract_one(page(head=head), url="https://www.post.example/news/pier?id=7&utm_medium=mail")
    assert document["published_at"] == datetime(2024, 3, 5, 17, 30, tzinfo=UTC)
    assert document["authors"] == ["Ann Lee", "Bo Okafor"]
    assert document["canonical_url"] == "https://www.post.example/news/pier?id=7"
    assert document["url"] == "https://www.post.example/news/pier?id=7&utm_medium=mail"
    assert document["site"] == "post.example"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            '<meta property="article:published_time" content="2024-03-05T09:00:00Z">',
            datetime(2024, 3, 5, 9, tzinfo=UTC),
        ),
        ('<meta itemprop="datePublished" content="2024-03-05">', datetime(2024, 3, 5, tzinfo=UTC)),
        ('<meta name="parsely-pub-date" content="2024-03-05 10:00:00 +0100">', datetime(2024, 3, 5, 9, tzinfo=UTC)),
        ('<meta property="article:published_time" content="soon">', None),
        ('<script type="application/ld+json">{"@type": "NewsArticle", broken</script>', None),
        ('<script type="application/ld+json">' + "[" * 50_000 + "</script>", None),
        ('<script type="application/ld+json">[null, 3, {"@type": null, "datePublished": 5}]</script>', None),
    ],
)
def test_dates_of_the_head(head, expected):
    assert extract_one(page(head=head))["published_at"] == expected


def test_a_date_in_the_body_is_midnight_utc():
    dated = page().replace("<h1>", '<time datetime="2024-03-05" itemprop="datePublished">5 March</time><h1>')
    assert extract_one(dated)["published_at"] == datetime(2024, 3, 5, tzinfo=UTC)


def test_what_the_input_says_outranks_the_page():
    known = datetime(2020, 1, 2, tzinfo=UTC)
    document = extract_one(page(head=JSON_LD), title="T", site="Post", authors=["Cy"], published_at=known)
    assert (document["title"], document["site"], document["authors"]) == ("T", "Post", ["Cy"])
    assert document["published_at"] == known


def test_every_document_says_where_its_metadata_was_read():
    known = datetime(2020, 1, 2, tzinfo=UTC)
    of_page = extract_one(page(head=JSON_LD), url="https://post.example/pier", published_at=known)["metadata_sources"]
    assert (of_page["title"], of_page["authors"], of_page["site"]) == ("json_ld", "json_ld", "address")
    assert (of_page["published_at"], of_page["doubts"]) == ("input", [])
    of_text = extract_one("\n".join([HEADLINE, *STORY]), "text")["metadata_sources"]
    assert (of_text["title"], of_text["authors"], of_text["site"]) == ("text", None, None)


def test_the_site_falls_back_to_the_name_the_page_gives():
    assert extract_one(page(head='<meta property="og:site_name" content="Aldmouth Post">'))["site"] == "Aldmouth Post"


def test_authors_are_people_not_the_publisher():
    data = {
        "@type": "NewsArticle",
        "author": [{"@type": "Organization", "name": "Post"}, {"@type": "Person", "name": "A. O&#39;Hara"}],
    }
    head = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    assert extract_one(page(head=head))["authors"] == ["A. O'Hara"]


def test_half_characters_in_structured_data_cost_no_row():
    data = r"""{"@type": "NewsArticle", "headline": "Pier \ud83d closes", "author": {"@type": "Person", "name": "A \ud800"},
     "publisher": {"@type": "Organization", "name": "P\udc00st"}, "datePublished": "\ud800"}"""
    broken = page(head=f'<script type="application/ld+json">{data}</script>')
    documents, rejects = extract(record(broken), record(page()))
    assert (documents.height, rejects.height) == (2, 0)
    assert documents["authors"].to_list()[0] == ["A"]


def test_a_front_page_as_every_pages_canonical_address_is_not_believed():
    head = '<link rel="canonical" href="https://post.example/">'
    assert extract_one(page(head=head), url="https://post.example/news/pier")["canonical_url"] is None


def test_mojibake_in_a_page_is_repaired():
    broken = page().replace("’", "â€™").replace("£", "Â£")
    assert extract_one(broken)["text"].split("\n")[1] == STORY[1]


def test_lists_and_tables_carry_no_marks():
    table = "<table><tr><th>Boat</th><th>Seats</th></tr><tr><td>Old ferry</td><td>220</td></tr></table>"
    config = ExtractConfig(keep_tables=True)
    html = page([*STORY, "The council set three terms for the year of repairs:"]).replace(
        "</article>",
        f"<ul><li>a boat every hour from six</li><li>no fares for pupils</li></ul>{table}<p>{STORY[3]}</p></article>",
    )
    lines = extract_one(html, config=config)["text"].split("\n")
    assert "a boat every hour from six" in lines
    assert "Old ferry\t220" in lines
    assert not [line for line in lines if line.startswith(("- ", "|", "*"))]


def test_a_repeated_headline_is_dropped_but_not_a_paragraph_that_holds_it():
    doubled = page([f"<strong>{HEADLINE}</strong>", f"{HEADLINE}, the mayor said on Tuesday.", *STORY])
    lines = extract_one(doubled)["text"].split("\n")
    assert lines[0] == f"{HEADLINE}, the mayor said on Tuesday."


def test_a_short_page_falls_back_to_the_default_mode():
    # A page that a script would fill: only the default mode looks into its structured data.
    data = json.dumps({"@type": "NewsArticle", "headline": HEADLINE, "articleBody": " ".join(STORY)})
    html = f'<html><head><script type="application/ld+json">{data}</script></head><body><p>Read on.</p></body></html>'
    document = extract_one(html)
    assert document["extractor"].endswith(" default")
    assert document["text"] == " ".join(STORY)
    assert reject_one(html, config=ExtractConfig(fallback_words=0))["reason"] == "too_short"


# ---- what is no article


@pytest.mark.parametrize(
    "content", ["", "   ", "just words", "<html></html>", "<html><body><nav>Menu</nav></body></html>"]
)
def test_a_page_without_text_is_no_article(content):
    reject = reject_one(content)
    assert (reject["stage"], reject["reason"]) in {("extract", "no_article"), ("extract", "too_short")}


def test_a_front_page_and_a_list_of_headlines_are_no_articles():
    teasers = [f"Council votes on the pier and the fish market, part {n}" for n in range(30)]
    assert reject_one(page(teasers), url="https://post.example/section/news")["reason"] == "no_article"
    assert reject_one(page(), url="https://post.example/")["reason"] == "no_article"
    assert extract_one(page(head=JSON_LD), url="https://post.example/")["title"] == HEADLINE


@pytest.mark.parametrize("rule", tomllib.loads((files("cleaners") / "rules/block_pages.toml").read_text())["rule"])
def test_each_block_page_rule_catches_its_example(rule):
    matching = [
        rule_id
        for rule_id, field, pattern in _block_rules()
        if field == rule["field"] and pattern.search(rule["example"])
    ]
    assert rule["id"] in matching
    text = [
        rule["example"] if rule["field"] == "text" else "This request was stopped. Reference 18.2af1.",
        "Thank you. " * 12,
    ]
    title = rule["example"] if rule["field"] == "title" else "Example"
    assert reject_one(page(text, title=title, headline=title))["reason"] == "no_article"


@pytest.mark.parametrize("unit", ["\n", " ", "- \n"])
def test_block_page_rules_take_no_longer_than_a_text_allows(unit):
    text = unit * (4_000 // len(unit))
    started = time.process_time()
    for _, _, pattern in _block_rules():
        pattern.search(text)
    assert time.process_time() - started < 0.4  # 1 s for one of them, without a bound


def test_an_article_about_walls_is_kept():
    about = [
        "The site told readers to please enable JavaScript and cookies, and that they had been blocked.",
        *STORY,
        *STORY,
    ]
    assert (
        extract_one(page(about, headline="Access denied: how walls spread"))["title"]
        == "Access denied: how walls spread"
    )


def test_too_few_words_are_too_short_and_a_brief_is_kept():
    brief = "The ferry Anna ran aground off Aldmouth early on Monday. All 31 people on board were brought ashore by lifeboat. "
    brief += "Nobody was hurt, the coast guard said."
    assert extract_one(page([brief]))["text"] == brief
    assert extract_one(brief, "text")["text"] == brief
    line = "The ferry ran aground."
    for media, content in (("text", line), ("html", f"<html><body><article><p>{line}</p></article></body></html>")):
        assert reject_one(content, media)["reason"] == "too_short"
    assert reject_one(page([line]))["reason"] == "no_article"  # nothing but navigation beside it


def test_one_bad_document_never_fails_the_batch(monkeypatch):
    from cleaners.extract import articles

    def explode(source, *_):
        if "boom" in source:
            raise RecursionError("maximum recursion depth exceeded")
        return real(source, *_)

    real = articles.extract_page
    monkeypatch.setattr(articles, "extract_page", explode)
    documents, rejects = extract(record(page()), record("boom"), record(page()))
    assert documents.height == 2
    assert rejects.select("stage", "reason").rows() == [("extract", "failed")]
    assert "RecursionError: maximum recursion depth" in rejects["detail"][0]


@pytest.mark.parametrize(
    "content",
    [
        "<html><body>" + "<div>" * 20_000 + "text",
        "<html><body>" + "<b><i>" * 5_000 + " ".join(STORY),
        "<html><body><p>" + "\x00\x01\ufffe\x0b" * 50 + "</p></body></html>",
        '<?xml version="1.0" encoding="utf-16"?><html><body><p>text</p></body></html>',
        "<" * 10_000,
        "<html><head><title>" + "x" * 100_000 + "</title></head><body></body></html>",
    ],
)
def test_hostile_pages_give_a_document_or_a_reject(content):
    documents, rejects = extract(record(content), record(page()))
    assert documents.height + rejects.height == 2
    assert HEADLINE in documents["title"].to_list()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["<p>", "</p>", "<div class=x>", "<table><tr><td>", "<!--", "-->", "<script>", "&#0;", "<li>"]
            ),
            st.text(max_size=30),
            st.sampled_from(STORY),
        ),
        max_size=12,
    )
)
def test_any_markup_gives_one_row(parts):
    documents, rejects = extract(record("<html><body>" + "".join(parts)))
    assert documents.height + rejects.height == 1
    assert rejects.filter(pl.col("reason") == "failed").height == 0, rejects["detail"].to_list()


def test_extraction_does_not_depend_on_the_batch():
    pages = [
        record(page([*STORY, f"The vote was number {n} of the year, and the last before the summer."]))
        for n in range(4)
    ]
    together = extract(*pages, *pages[:2]).documents
    alone = pl.concat([extract(one).documents for one in [*pages, *pages[:2]]])
    assert together.equals(alone)


# ---- plain text


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.stem[:3])
def test_seeds_keep_every_character_and_have_the_title_they_have(path):
    content = path.read_text(encoding="utf-8")
    document = extract_one(content, "text")
    assert document["text"] == content
    assert document["title"] == TITLES.get(path.stem[:3])
    assert (document["origin"], document["language"], document["authors"]) == ("text", "en", [])


BODY = STORY[1] + "\n" + STORY[3]


@pytest.mark.parametrize(
    ("first", "title"),
    [
        ("Ferry pier closes for a year", "Ferry pier closes for a year"),
        ("Will the pier ever open again?", "Will the pier ever open again?"),
        ("iPhone sales fall in China for third quarter", "iPhone sales fall in China for third quarter"),
        ("The pier closes for a year.", None),
        ("Marsh said:", None),
        ("By Ann Lee", None),
        ("https://post.example/news/pier-closes", None),
        ("- the pier closes", None),
        ("5 March 2024", None),
        ("Post", None),
        ("which had been closed since", None),
        ("ALDMOUTH (Reuters) - Pier closes", None),
        (STORY[1][:175], None),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n", "\n \n"])
def test_the_first_line_is_a_title_only_if_it_is_one(first, title, gap):
    text = first + gap + BODY
    assert find_title(text, CONFIG) == title
    assert extract_one(text, "text")["text"] == text


def test_a_hard_wrapped_text_has_no_title_unless_a_gap_follows():
    wrapped = "The council of Aldmouth voted on Tuesday to close\nthe old ferry pier for a year, after engineers\n"
    wrapped += (
        "found that two of its iron piles had rusted\nthrough and could not bear the weight of the\ncars any more."
    )
    assert find_title(wrapped, CONFIG) is None
    assert find_title(f"Pier closes in Aldmouth\n\n{wrapped}", CONFIG) == "Pier closes in Aldmouth"


def test_a_title_in_a_script_without_spaces():
    assert (
        find_title("新桥将于下周通车\n" + "市长星期一宣布，新桥将于下周通车，安全是第一位的。" * 3, CONFIG)
        == "新桥将于下周通车"
    )


def test_a_title_without_text_is_none():
    assert find_title("Pier closes for a year", CONFIG) is None
    assert find_title("", CONFIG) is None


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("(Reuters) - The pier", "REUTERS"),
        ("WASHINGTON (AP) — The pier", "AP"),
        ("Pier closes\n\nPARIS, March 5 (AFP) - The pier", "AFP"),
        ("TOKYO (Kyodo News) -- The pier", "KYODO"),
        ("BERLIN (dpa) – Die Brücke", "DPA"),
        ("LONDON (Thomson Reuters Foundation) - The pier", "REUTERS"),
        ("The pier (a ruin) - it fell", None),
        ("The mayor met reporters of Reuters (Reuters is an agency).", None),
        ("Smith (Arsenal) - a striker", None),
    ],
)
def test_the_agency_of_a_dateline(text, agency):
    assert find_agency(text) == agency


def test_only_trailing_white_space_goes_from_a_text():
    text = f"\n  {STORY[0]}\n\n{STORY[1]} \n\n"
    assert extract_one(text, "text")["text"] == text.rstrip()


def test_language_is_null_when_there_is_too_little_text():
    short = ExtractConfig(min_words=1)
    assert extract_one("Pont fermé", "text", config=short)["language"] is None
    french = "Le conseil municipal a voté mardi la fermeture du vieux pont pour une durée d’un an, selon la mairie."
    assert extract_one(french, "text", config=short)["language"] == "fr"


# ---- words and addresses


@pytest.mark.parametrize(("text", "n"), [("", 0), ("one two-three", 3), ("新桥将于下周", 3), ("Nvidia 公司的 H20", 3)])
def test_words_are_counted_in_any_script(text, n):
    assert count_words(text) == n


@given(
    st.text(st.one_of(st.sampled_from(" \n.,'-_a1é新ก\u0301\ud800𝒜"), st.characters()), max_size=60), st.integers(1, 40)
)
def test_words_of_long_texts_are_counted_as_those_of_short_ones(text, times):
    text = times * text
    unspaced = len(UNSPACED.findall(text))
    assert count_words(text) == len(WORD.findall(UNSPACED.sub(" ", text))) + unspaced // 2


@given(st.text("aé 木\n-", max_size=600), st.integers(0, 60))
def test_words_are_counted_as_far_as_is_enough(text, enough):
    n_words = count_words(text)
    assert count_words(text, enough) == n_words or enough <= count_words(text, enough) < n_words


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://A.example/x?utm_source=a&b=1&UTM_Medium=c&gclid=2#part", "https://a.example/x?b=1"),
        ("https://a.example/x?q=a+b%2Fc&empty=", "https://a.example/x?q=a+b%2Fc&empty="),
        ("http://a.example", "http://a.example/"),
        ("mailto:x@a.example", None),
        ("javascript:void(0)", None),
        ("http://[broken", None),
    ],
)
def test_addresses_lose_what_tracks(url, clean):
    assert clean_url(url) == clean
    assert clean is None or clean_url(clean) == clean


def test_hosts_and_front_pages():
    assert host_of("https://WWW.Post.example:8080/x") == "post.example"
    assert host_of("post.example/x") == "post.example"
    assert [host_of(url) for url in (None, "", "not a url", "http://[x")] == [None] * 4
    assert is_front_page("https://post.example/index.html")
    assert not is_front_page("https://post.example/news/pier")
    assert not is_front_page("https://post.example/?p=7")
