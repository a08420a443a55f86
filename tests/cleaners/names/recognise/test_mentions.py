import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.names import MENTION_SCHEMA, NamesConfig, find_mentions, load_authority
from cleaners.names.lexicon.split import split_name
from cleaners.names.recognise.full_names import STRONG
from cleaners.names.recognise.recognise import find_people


def people(text: str) -> list[str]:
    return [text[s.start : s.end] for s in find_people(text, 0.7) if s.strength >= STRONG]


def mentions(*texts: str, authority: pl.DataFrame | None = None) -> pl.DataFrame:
    frame = pl.DataFrame({"article_id": [f"a{i}" for i in range(len(texts))], "text": list(texts)})
    return find_mentions(frame, NamesConfig(), authority)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The report was signed by Commerce Secretary Alan Brandt on Monday.", ["Alan Brandt"]),
        ("Talks with the finance minister, Qorvan Tellis, broke down.", ["Qorvan Tellis"]),
        ("Ylva Sturmak, 43, was not hurt.", ["Ylva Sturmak"]),
        ("Bergvik Chief Executive Ylva Sturmak said sales fell.", ["Ylva Sturmak"]),
        ("Prices rose, said Peter O'Donnell, an analyst at Rand.", ["Peter O'Donnell"]),
        ("Mr Halvorsen did not reply. Halvorsen later resigned.", ["Halvorsen", "Halvorsen"]),
        ("European Commission President Ursula von der Leyen spoke.", ["Ursula von der Leyen"]),
        ("The author J.K. Marlowe and Jean-Luc Picot met.", ["J.K. Marlowe", "Jean-Luc Picot"]),
        ("Fans of Stephen King and Theresa May were surprised.", ["Stephen King", "Theresa May"]),
        ("FRENCH PRESIDENT HENRI DUVAL SPEAKING TO REPORTERS", ["HENRI DUVAL"]),
        ("POLISH PRESIDENT JAN KOWAL'S FOREIGN POLICY ADVISER MAREK ZIELAK", ["JAN KOWAL", "MAREK ZIELAK"]),
        ("Huawei's Rotating Chairman Xu Wenhao said so.", ["Xu Wenhao"]),
        ("An IT columnist named Uncle Biao writes this.", ["Uncle Biao"]),
        (
            "The Halden-backed plan of Peter Halden-led rebels, said Peter Halden.",
            ["Halden", "Peter Halden", "Peter Halden"],
        ),
        ("Senator Robert Halden Jr. Announces Plans", ["Robert Halden"]),
        ("The golfer Peter Woods won; Woods wept.", ["Peter Woods", "Woods"]),
        ("New Halden captain Peter Brandt spoke.", ["Peter Brandt"]),
        ("Vice President Al Halden spoke before Halden left.", ["Al Halden", "Halden"]),
        ("Goalkeeper Filip De Wulde dived. A save by De Wulde won it.", ["Filip De Wulde", "De Wulde"]),
        ("It was Lieutenant-Colonel Bremsk who spoke.", ["Bremsk"]),
        (
            "1. Peter Halden (Kenya) 7:35.66\n2. Wodage Bremsk (Ethiopia) 7:36.01\n3. Jan Brandt (Poland) 7:37.1",
            ["Peter Halden", "Wodage Bremsk", "Jan Brandt"],
        ),
        ("He met Jane Bremsk Jane Ellen BremskTop aide quits. Bremsk said so.", ["Jane Bremsk", "Bremsk"]),
        ("He met Jo McBremsk Jo Ann McBremskNY voters. McBremsk said so.", ["Jo McBremsk", "McBremsk"]),
        ("He met Jane Bremks Jane Ellen BremskTop aide quits. Bremsk said so.", ["Jane Bremks"]),
        ("He met Jane Bremks Jane Ellen BremskTop aide quits. He left.", ["Jane Bremks"]),
        ("He met Robert Bremsk Robert (Bob) Swan BremskTop aide quits. Bremsk said so.", ["Robert Bremsk", "Bremsk"]),
        ("He met Jane Bremsk Janet (Jane) BremskTop aide quits. Bremsk said so.", ["Jane Bremsk", "Bremsk"]),
        ("The CarvikCare plan of Ylva Carvik, 43.", ["Ylva Carvik"]),
        ("Said Bremsk: it rained. The golfer Ylva Bremsk won.", ["Bremsk", "Ylva Bremsk"]),
        ("Ranking Member Alan Brandt spoke.", ["Alan Brandt"]),
        ("White House Chief of Staff Alan Brandt spoke.", ["Alan Brandt"]),
        ("Former Presidents Alan Brandt and Halden met.", ["Alan Brandt"]),
        ("It was a crowd. Alan Brandt Peter Bremsk/Agency Images were there.", ["Alan Brandt", "Peter Bremsk"]),
        ("A crowd. (AP Photo/Ylva Bremsk)", ["Ylva Bremsk"]),
        ("Vice Premier Liu He left.", ["Liu He"]),
        ("Carolina Democratic voters and Texas Republicans stayed away.", []),
        (
            "Ylva Bremsk Abandons Bid To Form Government\nThe golfer Ylva Bremsk, 43, won on Sunday.",
            ["Ylva Bremsk", "Ylva Bremsk"],
        ),
        ("BREMSK WINS AGAIN IN VANMOUTH\nThe golfer Ylva Bremsk won on Sunday.", ["BREMSK", "Ylva Bremsk"]),
    ],
)
def test_people_are_found(text: str, found: list[str]) -> None:
    assert people(text) == found


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("He met Secretary of State Clara Whitfield there.", "Secretary of State"),
        ("He met the minister for Work Clara Whitfield there.", "minister for Work"),
        ("The end.\n\nShadow home secretary Clara Whitfield spoke.", "Shadow home secretary"),
        ("They met Tories Clara Whitfield and others.", "Tories"),
        ("They met Clara Whitfield, Labour's Robert Cook and others.", ""),
    ],
)
def test_offices_are_read_whole(text: str, role: str) -> None:
    span = next(s for s in find_people(text, 0.7) if s.surname == "whitfield")
    assert span.role == role


@pytest.mark.parametrize(
    "text",
    [
        "Haidilao will close its Clarke Quay outlet in August.",
        "A writer with Mydrivers.com says so.",
        "Excellent meeting with @ZelenskyyUA and others.",
        "The Ford Foundation and Barclays Bank declined to comment.",
        "Talks in North Carolina and New York ended on Monday.",
        "Russian and Chinese officials met in Hong Kong on Tuesday.",
        "Manchester United beat Real Madrid at Wembley Stadium.",
        "But The White House did not respond. However, Beijing did.",
        "The James Webb Telescope sent pictures.",
        "They play at Coral Sky Amphitheatre and at Peter Brandt Pavilion in June.",
        "She lives in San Diego and reads the San Francisco Chronicle on King Street.",
        "Shares in Goldman Sachs and Merrill Lynch fell.",
        "An analyst at Peter Brandt and Co said so.",
        "They landed at Peter Brandt airport.",
        "The St. Louis Cardinals won again.",
        "Al Jazeera said so.",
        "He walked through Stanley Park and the Rose Garden.",
        "The Larry King Live show and Immigration and Customs Enforcement did not comment.",
        "The Marjory Brandt Bremsk High School Commission met after Easter Mass.",
        "Pell Grants and the Hyde Amendment were mentioned by the Atlanta Fed.",
        "Try our Daily Perfecting Cream and the Body Hero Duo Set.",
        "Haldor Bremsk, and later the former owner, refused.",
        "Beijing Questions Chinese Tech Giants On Nvidia Chip Buys",
    ],
)
def test_places_companies_and_handles_are_no_people(text: str) -> None:
    assert people(text) == []


def test_possessive_and_role_stay_outside_the_span() -> None:
    text = "She met Britain's Prime Minister Clara Whitfield's aide."
    (span,) = [s for s in find_people(text, 0.7) if s.strength >= STRONG]
    assert (text[span.start : span.end], span.role, span.is_titled) == ("Clara Whitfield", "Prime Minister", True)


def test_role_after_the_name_is_read() -> None:
    (span,) = find_people("Nobody asked Clara Whitfield, the US commerce secretary, about it.", 0.7)
    assert span.role == "commerce secretary"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("george w bush", ("george", "bush")),
        ("ursula von der leyen", ("ursula", "von der leyen")),
        ("bashar al-assad", ("bashar", "assad")),
        ("xi jinping", ("jinping", "xi")),
        ("kim jong-un", ("jong-un", "kim")),
        ("kim jong un", ("jong-un", "kim")),
        ("pele", ("", "pele")),
    ],
)
def test_split_name(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name.split()) == parts


def test_introduced_abbreviation_is_an_organisation_from_then_on() -> None:
    text = "The Northern Harbour Authority (NHA) said no. Later the NHA agreed, using high-speed data links (HSDL)."
    found = mentions(text)
    rows = found.filter(pl.col("entity") == "organisation").select("surface", "canonical").rows()
    name = "Northern Harbour Authority"
    assert rows == [(name, name), ("NHA", name), ("NHA", name)]


def test_authority_spellings_of_organisations() -> None:
    authority = load_authority("canonical,aliases,entity\nNordbank,NB|NORDBANK,organisation\n")
    found = mentions("NORDBANK and NB, not NBX, @NB or Nordbanken; Nordbank.", authority=authority)
    assert found["surface"].to_list() == ["NORDBANK", "NB", "Nordbank"]
    assert found["canonical"].unique().to_list() == ["Nordbank"]


def test_mentions_do_not_depend_on_the_other_articles() -> None:
    first, second = "Mr Halvorsen met Clara Whitfield.", "Halvorsen and Whitfield signed."
    together = mentions(first, second).filter(pl.col("article_id") == "a0")
    assert together.equals(mentions(first))


PIECES = st.sampled_from(
    [
        "Mr ",
        "Clara ",
        "Whitfield",
        "’s ",
        "President ",
        "(CAC) ",
        "von ",
        "J. ",
        "\n",
        ", 43, ",
        "said ",
        "É",
        "😀 ",
        "NVIDIA ",
        "the ",
    ]
)


@given(st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join))
def test_offsets_hold_and_no_two_mentions_overlap(text: str) -> None:
    found = mentions(text)
    assert found.schema == MENTION_SCHEMA
    last = 0
    for start, end, surface in found.select("start", "end", "surface").iter_rows():
        assert text[start:end] == surface
        assert last <= start < end
        last = end


def test_a_name_alone_above_a_dateline_is_the_reporters() -> None:
    text = "TENNIS - FAVOURITES FALL.\nClara Whitfield\nNEW YORK 1996-08-27\nThe favourites fell on Tuesday."
    (span,) = [s for s in find_people(text, 0.7) if s.surname == "whitfield"]
    assert (span.role, span.strength >= STRONG) == ("reporter", True)
    assert find_people("Clara Whitfield\nThe favourites fell on Tuesday.", 0.7)[0].role == ""


def test_abbreviations_of_a_table_are_no_people() -> None:
    assert find_people("Ttl Exports 1,180 1,150\nTtl Domest 5,680 5,450", 0.7) == []


def test_words_alone_are_left_out_unless_they_are_an_alias() -> None:
    text = "Analysts expect little. Zelenskiy spoke on Monday."
    assert find_people(text, 0.7) == []
    assert [s.surname for s in find_people(text, 0.7, {"zelenskiy"})] == ["zelenskiy"]
