import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.document import make_id
from cleaners.names import CheckedNames, NamesConfig, check_names, load_authority
from cleaners.names.answer import name_flag
from cleaners.schemas import NameFlags, NameMentions

NO_AUTHORITY = load_authority("canonical\n")

# One story in three papers, each in its own words.
STORY = [
    "The harbour strike in Vanmouth ended on Friday. Transport Secretary {name} said the dockers had accepted the pay "
    "offer. {last} thanked the unions and promised new cranes for the container terminal.",
    "Dockers at Vanmouth container terminal return to work after accepting a pay offer, Transport Secretary {name} "
    "said. The harbour strike had cost exporters dear, {last} added.",
    "Exporters cheered as the Vanmouth harbour strike was called off. The dockers' unions took the pay offer put "
    "forward by Transport Secretary {name}. The terminal's cranes move again, {last} told reporters.",
]
UNRELATED = [
    "A new species of orchid was found in the hills by botanist {name}. {last} named it after her teacher, and it will "
    "flower in the botanical garden next spring.",
]


def paper(number: int, text: str) -> tuple[str, str]:
    return make_id("paper", str(number)), text


def check(
    texts: list[str], authority: pl.DataFrame = NO_AUTHORITY, clusters: list[int] | None = None, **settings_: float
) -> tuple[CheckedNames, list[str]]:
    rows = [paper(i, text) for i, text in enumerate(texts)]
    ids = [article_id for article_id, _ in rows]
    frame = pl.DataFrame(rows, schema=["article_id", "text"], orient="row")
    grouped = None
    if clusters is not None:
        grouped = pl.DataFrame({"article_id": ids, "cluster_id": [ids[c] for c in clusters]})
    return check_names(frame, NamesConfig(**settings_), clusters=grouped, authority=authority), ids


def story(*names: str) -> list[str]:
    return [template.format(name=name, last=name.split()[-1]) for template, name in zip(STORY, names, strict=False)]


def flags(checked: CheckedNames) -> list[tuple[str, str, str, bool]]:
    return checked.flags.select("surface", "canonical", "kind", "is_error").rows()


def test_wrong_given_name_is_flagged_with_its_evidence() -> None:
    checked, ids = check(story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"))
    assert flags(checked) == [("Philip Cardwell", "Martin Cardwell", "wrong_given", True)]
    flag = checked.flags.row(0, named=True)
    evidence = json.loads(flag["evidence"])
    assert evidence["articles"] == sorted(ids[:2])
    assert evidence["roles"] == ["Transport Secretary"]
    assert flag["flag_id"] == name_flag(ids[2], flag["start"], flag["end"])
    # The surname alone is right and stays without a flag, but stands for the right person.
    alone = checked.mentions.filter((pl.col("article_id") == ids[2]) & (pl.col("surface") == "Cardwell"))
    assert alone.select("canonical", "flag_id").rows() == [("Martin Cardwell", None)]
    assert checked.articles["people"].to_list() == [["Martin Cardwell"]] * 3
    # An error that only a majority speaks against is not rewritten.
    assert checked.articles["text_normalised"].to_list() == [None] * 3


def test_one_other_text_is_no_majority() -> None:
    checked, _ = check(story("Martin Cardwell", "Philip Cardwell"))
    assert flags(checked) == []


def test_copies_of_one_text_are_one_witness() -> None:
    names = ("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    checked, _ = check(story(*names), clusters=[0, 0, 2])
    assert flags(checked) == []


def test_error_copied_by_everyone_is_flagged_in_every_copy() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    checked, ids = check([*texts, texts[2], texts[2]], clusters=[0, 1, 2, 2, 2])
    assert sorted(checked.flags["article_id"]) == sorted(ids[2:])


def test_namesake_in_an_unrelated_text_stays_quiet() -> None:
    texts = [*story("Martin Cardwell", "Martin Cardwell"), UNRELATED[0].format(name="Helen Cardwell", last="Cardwell")]
    checked, _ = check(texts)
    assert flags(checked) == []


def test_both_names_in_one_text_are_two_people() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    texts[2] += " His brother Martin Cardwell runs the ferry company."
    checked, _ = check(texts)
    assert flags(checked) == []


@pytest.mark.parametrize(
    "name", ["Robert Cardwell", "Bob Cardwell", "R. Cardwell", "Robert J. Cardwell", "Rob Cardwell"]
)
def test_nicknames_and_initials_are_never_errors(name: str) -> None:
    checked, _ = check(story("Robert Cardwell", "Robert Cardwell", name))
    assert flags(checked) == []


def test_misspelling_is_flagged_wherever_it_stands() -> None:
    checked, _ = check(story("Martin Cardwell", "Martin Cardwell", "Martin Cardwlel"))
    assert flags(checked) == [
        ("Martin Cardwlel", "Martin Cardwell", "misspelling", True),
        ("Cardwlel", "Martin Cardwell", "misspelling", True),
    ]


def test_evidence_keeps_the_capitals_of_the_papers() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    texts[2] = texts[2].replace("Transport Secretary", "the transport secretary,")
    checked, _ = check(texts)
    assert json.loads(checked.flags["evidence"][0])["roles"] == ["Transport Secretary"]


@pytest.mark.parametrize("known", ["Qorvan Tellis", "Sigyun Abrahamso"])
def test_names_that_no_list_holds_are_checked_too(known: str) -> None:
    given, surname = known.split()
    checked, _ = check(story(known, known, f"Philip {surname}"))
    assert flags(checked) == [(f"Philip {surname}", known, "wrong_given", True)]
    checked, _ = check(story(known, known, f"{given} {surname[:-2]}{surname[-1]}{surname[-2]}"))
    assert {f[1:] for f in flags(checked)} == {(known, "misspelling", True)}


def test_nickname_of_another_known_person_is_no_error() -> None:
    texts = story("Robert Cardwell", "Robert Cardwell", "Bob Cardwell")
    texts += [t.replace("Robert", "Helen") for t in story("Robert Cardwell", "Robert Cardwell")]
    checked, _ = check(texts)
    assert not any(surface == "Bob Cardwell" for surface, *_ in flags(checked))


def test_double_surname_alone_is_no_wrong_given_name() -> None:
    checked, _ = check(story("Maria Garcia Cardwell", "Maria Garcia Cardwell", "Garcia Cardwell"))
    assert flags(checked) == []


def test_spelling_that_independent_texts_repeat_is_no_slip() -> None:
    names = ["Martin Cardwell"] * 3 + ["Martin Cardwill"] * 2
    texts = [STORY[i % 3].format(name=n, last=n.split()[-1]) + f" It was day {i}." for i, n in enumerate(names)]
    checked, _ = check(texts)
    assert flags(checked) == []


def test_slip_that_a_few_texts_share_is_one_beside_twice_as_many() -> None:
    names = ["Martin Cardwell"] * 4 + ["Martin Cardwlel"] * 2
    texts = [STORY[i % 3].format(name=n, last=n.split()[-1]) + f" It was day {i}." for i, n in enumerate(names)]
    checked, _ = check(texts)
    assert {flag[:2] for flag in flags(checked) if " " in flag[0]} == {("Martin Cardwlel", "Martin Cardwell")}


def test_kin_with_the_same_misspelt_surname_are_misspelt_too() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Martin Cardwlel")
    texts[2] += " His brother Peter Cardwlel, 43, was there."
    checked, _ = check(texts)
    assert ("Peter Cardwlel", "Peter Cardwell", "misspelling", True) in flags(checked)
    texts[0] += " Peter Cardwlel, 43, a dentist, was there."  # two texts know that name
    assert "Peter Cardwlel" not in {flag[0] for flag in flags(check(texts)[0])}


def test_texts_with_nothing_in_common_bear_no_witness() -> None:
    known = story("Martin Cardwell", "Martin Cardwell")
    texts = [*known, UNRELATED[0].format(name="Philip Cardwell", last="Cardwell")]
    lax = {"min_confidence": 0.0, "doubt_confidence": 1.0}
    assert flags(check(texts, **lax)[0]) == []
    assert flags(check(texts, min_likeness=0.0, **lax)[0])
    # A slip shows by itself: no other Martin has nearly this surname.
    texts[-1] = UNRELATED[0].format(name="Martin Cardwlel", last="Cardwlel")
    assert flags(check(texts, min_misspelling_confidence=0.2)[0])


def test_swapped_order_is_an_error_that_waits_for_an_editor() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell")
    texts.append(STORY[2].format(name="Cardwell Martin", last="Cardwell"))
    checked, _ = check(texts)
    assert flags(checked) == [("Cardwell Martin", "Martin Cardwell", "swapped_order", True)]
    assert checked.articles["text_normalised"].to_list() == [None, None, None]


def test_transliteration_is_a_variant_and_normalised() -> None:
    checked, _ = check(story("Sergei Baranov", "Sergei Baranov", "Sergey Baranov"))
    assert flags(checked) == [("Sergey Baranov", "Sergei Baranov", "transliteration", False)]
    assert checked.articles["people"].to_list() == [["Sergei Baranov"]] * 3
    assert "Sergei Baranov." in checked.articles["text_normalised"][2]


def test_missing_diacritics_are_a_variant() -> None:
    checked, _ = check(story("José Cardén", "José Cardén", "Jose Carden"))
    assert flags(checked)[0] == ("Jose Carden", "José Cardén", "diacritics", False)


def test_written_out_umlauts_are_a_variant() -> None:
    checked, _ = check(story("Juergen Kessler", "Juergen Kessler", "Jurgen Kessler"))
    assert flags(checked) == [("Jurgen Kessler", "Juergen Kessler", "diacritics", False)]


def test_authority_file_outranks_the_majority() -> None:
    authority = load_authority("canonical,roles\nPhilip Cardwell,Transport Secretary\n")
    checked, ids = check(story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"), authority)
    assert not checked.flags.filter(pl.col("article_id") == ids[2]).height
    assert "Philip Cardwell" in checked.articles["people"][2]


def test_authority_decides_a_misspelling_and_the_text_is_normalised() -> None:
    authority = load_authority("canonical\nMartin Cardwell\n")
    checked, _ = check(story("Martin Cardwell", "Martin Cardwlel"), authority)
    assert {f[1:] for f in flags(checked)} == {("Martin Cardwell", "misspelling", True)}
    assert "Cardwlel" not in checked.articles["text_normalised"][1]


def test_aliases_of_people_and_spellings_of_organisations() -> None:
    authority = load_authority(
        "canonical,aliases,entity\nClara Whitfield,Chen Weilin,person\nNordbank,NORDBANK|NB,organisation\n"
    )
    checked, _ = check(["NORDBANK chairman Chen Weilin left. Shares in NB fell."], authority)
    assert flags(checked) == [
        ("NORDBANK", "Nordbank", "alias", False),
        ("Chen Weilin", "Clara Whitfield", "alias", False),
    ]
    assert checked.articles["text_normalised"][0] == "Nordbank chairman Chen Weilin left. Shares in NB fell."
    assert checked.articles["people"][0].to_list() == ["Clara Whitfield"]


def test_capitals_are_no_variant() -> None:
    checked, _ = check(["TRANSPORT SECRETARY MARTIN CARDWELL SPEAKING TO REPORTERS", *story("Martin Cardwell")])
    assert flags(checked) == []
    assert checked.articles["people"].to_list() == [["Martin Cardwell"]] * 2


def test_contracts_hold_and_order_of_articles_does_not_matter() -> None:
    texts = [
        *story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"),
        *story("Sergei Baranov", "Sergei Baranov"),
    ]
    checked, _ = check(texts)
    NameMentions.validate(checked.mentions.with_columns(changed_run=pl.lit("r1")))
    NameFlags.validate(checked.flags.with_columns(changed_run=pl.lit("r1")))
    rows = [paper(i, text) for i, text in enumerate(texts)][::-1]
    turned = check_names(
        pl.DataFrame(rows, schema=["article_id", "text"], orient="row"), NamesConfig(), authority=NO_AUTHORITY
    )
    assert turned.flags.equals(checked.flags)
    assert turned.mentions.equals(checked.mentions)


def test_no_articles_give_empty_frames() -> None:
    empty = pl.DataFrame(schema={"article_id": pl.String, "text": pl.String})
    checked = check_names(empty, NamesConfig())
    assert (checked.mentions.height, checked.flags.height, checked.articles.height) == (0, 0, 0)
    NameMentions.validate(checked.mentions.with_columns(changed_run=pl.lit("r1")))
    NameFlags.validate(checked.flags.with_columns(changed_run=pl.lit("r1")))


NAMES = st.sampled_from(["Martin Cardwell", "Philip Cardwell", "Martin Cardwlel", "Sergey Baranov", "Sergei Baranov"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), NAMES), max_size=6))
def test_flags_hold_their_surface_and_the_input_is_not_changed(picks: list[tuple[int, str]]) -> None:
    texts = [STORY[i].format(name=name, last=name.split()[-1]) for i, name in picks]
    rows = [paper(i, text) for i, text in enumerate(texts)]
    frame = pl.DataFrame(rows, schema={"article_id": pl.String, "text": pl.String}, orient="row")
    before = frame.clone()
    checked = check_names(frame, NamesConfig(), authority=NO_AUTHORITY)
    assert frame.equals(before)
    text_of = dict(rows)
    for article_id, start, end, surface in checked.flags.select("article_id", "start", "end", "surface").iter_rows():
        assert text_of[article_id][start:end] == surface
    flagged = checked.mentions["flag_id"].drop_nulls()
    assert sorted(flagged) == sorted(checked.flags["flag_id"])
    assert checked.articles["article_id"].to_list() == frame["article_id"].to_list()


def test_of_a_crowded_surname_only_company_and_office_are_compared() -> None:
    givens = [
        "Alan",
        "Brian",
        "Carl",
        "David",
        "Edward",
        "Frank",
        "George",
        "Henry",
        "Ian",
        "James",
        "Kenneth",
        "Louis",
        "Mark",
        "Neil",
        "Oscar",
        "Paul",
    ]
    fillers = [
        f"{given} Cardwell, a {trade} from {town}, opened a shop for {trade}s in {town} on day {n}."
        for n, given in enumerate(givens)
        for trade, town in ((f"potter{n}", f"Aton{n}"), (f"weaver{n}", f"Beham{n}"))
    ]
    texts = [*story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"), *fillers]
    assert NamesConfig(max_surname_forms=10).max_surname_forms < len(givens)
    checked, _ = check(texts, max_surname_forms=10, min_confidence=0.0)
    named = [(surface, canonical) for surface, canonical, *_ in flags(checked)]
    assert ("Philip Cardwell", "Martin Cardwell") in named
    assert len(named) == 1


def test_texts_outside_the_window_bear_no_witness() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    days = ["2026-01-05", "2026-01-06", "2026-01-07"], ["2026-01-05", "2026-01-06", "2027-06-01"]
    found = []
    for dates in days:
        rows = [(*paper(i, text), day) for i, (text, day) in enumerate(zip(texts, dates, strict=True))]
        frame = pl.DataFrame(rows, schema=["article_id", "text", "published_at"], orient="row")
        dated = frame.with_columns(pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC"))
        eager = check_names(dated, NamesConfig(), authority=NO_AUTHORITY)
        lazy = check_names(dated.lazy(), NamesConfig(), authority=NO_AUTHORITY)
        assert eager.flags.equals(lazy.flags)
        found.append(eager.flags.height)
    assert found == [1, 0]


def test_an_earlier_flag_stays_until_it_is_doubtful() -> None:
    texts = story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell")
    sure, _ = check(texts)
    (confidence,) = sure.flags["confidence"]
    strict = NamesConfig(min_confidence=confidence + 0.001, keep_confidence=0.45)
    rows = [paper(i, text) for i, text in enumerate(texts)]
    frame = pl.DataFrame(rows, schema=["article_id", "text"], orient="row")
    (doubted,) = check_names(frame, strict, authority=NO_AUTHORITY).flags.iter_rows(named=True)
    assert (doubted["kind"], doubted["is_error"], doubted["canonical"]) == ("namesake", False, "Martin Cardwell")
    kept = check_names(frame, strict, authority=NO_AUTHORITY, earlier_flags=sure.flags)
    assert kept.flags["flag_id"].to_list() == sure.flags["flag_id"].to_list()


def cabinet(*offices: tuple[str, str]) -> list[str]:
    return [
        f"The tariff talks in Vanmouth went on, day {n}. {office} {name} met the dockers' unions about container duties. "
        f"{name.split()[-1]} spoke of progress."
        for n, (office, name) in enumerate(offices)
    ]


COMMERCE, TREASURY = ("Commerce Secretary", "Martin Cardwell"), ("Treasury Secretary", "Helen Brandt")


def test_an_office_that_others_give_to_another_person_is_a_doubt_and_no_error() -> None:
    wrong = ("Treasury Secretary", "Martin Cardwell")
    checked, ids = check(cabinet(COMMERCE, COMMERCE, TREASURY, TREASURY, wrong))
    assert flags(checked) == [("Martin Cardwell", "Martin Cardwell", "role_conflict", False)]
    (flag,) = checked.flags.to_dicts()
    evidence = json.loads(flag["evidence"])
    assert flag["article_id"] == ids[4]
    offices = (evidence["office"], evidence["usual_office"], evidence["holder"])
    assert offices == ("Treasury Secretary", "Commerce Secretary", "Helen Brandt")
    assert sorted(evidence["articles"]) == sorted(ids[:4])
    assert checked.replacements.is_empty()


@pytest.mark.parametrize(
    "papers",
    [
        [COMMERCE, COMMERCE, TREASURY, ("Treasury Secretary", "Martin Cardwell")],  # one text alone names the holder
        [
            COMMERCE,
            TREASURY,
            TREASURY,
            ("Treasury Secretary", "Martin Cardwell"),
        ],  # one text alone names the other office
        [COMMERCE, COMMERCE, TREASURY, TREASURY, ("Shadow Treasury Secretary", "Martin Cardwell")],
        [COMMERCE, COMMERCE, TREASURY, TREASURY, ("Prime Minister", "Martin Cardwell")],
        [COMMERCE, COMMERCE, TREASURY, TREASURY, *[("Treasury Secretary", "Martin Cardwell")] * 2],  # he moved on
    ],
)
def test_offices_that_do_not_conflict_stay_quiet(papers: list[tuple[str, str]]) -> None:
    checked, _ = check(cabinet(*papers))
    assert flags(checked) == []


def test_of_two_names_of_one_person_the_better_known_is_expected() -> None:
    texts = story("Charles Cardwell", "Charles Cardwell", "Philip Cardwell")
    others = [f"{text} It was day {n}." for n, text in enumerate(story("Charlie Cardwell", "Charlie Cardwell"))]
    more = [f"{text} So ended week {n}." for n, text in enumerate(story("Charles Cardwell", "Charles Cardwell"))]
    checked, _ = check([*texts, *others, *more])
    assert flags(checked) == [("Philip Cardwell", "Charles Cardwell", "wrong_given", True)]


def test_witnesses_that_are_not_judged_change_nothing_else() -> None:
    texts = [
        *story("Martin Cardwell", "Martin Cardwell", "Philip Cardwell"),
        *story("Anna Brandholt", "Hanna Brandholdt", "Anna Brandholt"),
        *UNRELATED,
    ]
    rows = [paper(i, text.format(name="Ida Moss", last="Moss")) for i, text in enumerate(texts)]
    frame = pl.DataFrame(rows, schema=["article_id", "text"], orient="row")
    everything = check_names(frame, NamesConfig(), authority=NO_AUTHORITY)
    assert everything.flags.height
    for count in range(len(rows) + 1):
        judged = frame["article_id"].head(count)
        some = check_names(frame.lazy(), NamesConfig(), authority=NO_AUTHORITY, judged=judged)
        for whole, part in zip(everything, some, strict=True):
            assert part.equals(whole.filter(pl.col("article_id").is_in(judged.implode())))


def test_a_misspelt_organisation_is_an_error_unless_papers_agree_on_it() -> None:
    authority = load_authority("canonical,entity\nVolkswagen,organisation\n")
    texts = [f"Shares of {name} rose on day {n}." for n, name in enumerate(["Volkswagon", "Volkswagen", "Volkswagan"])]
    checked, _ = check(texts, authority)
    assert sorted(flags(checked)) == [
        ("Volkswagan", "Volkswagen", "misspelling", True),
        ("Volkswagon", "Volkswagen", "misspelling", True),
    ]
    agreed, _ = check([f"Shares of Volkswagon rose on day {n}." for n in range(3)], authority)
    assert flags(agreed) == []


@pytest.mark.parametrize(
    ("name", "canonical", "kind", "is_error"),
    [
        ("M. R. Cardwell", "M. K. Cardwell", "wrong_given", True),
        ("Jean-Luc Cardwell", "Jean-Marc Cardwell", "wrong_given", True),
        ("Han Duck-jin", "Han Duck-soo", "wrong_given", True),
        ("Wang Li", "Wang Yi", "wrong_given", True),
        ("Zhao Lijain", "Zhao Lijian", "misspelling", True),
        ("Ayman al-Safaddi", "Ayman al-Safadi", "misspelling", True),
        ("Dmitry Kardal", "Dmytro Kardal", "transliteration", False),
        ("Ishiba Shigeru", "Shigeru Ishiba", "swapped_order", False),
        ("Orbán Viktor", "Viktor Orbán", "swapped_order", False),
    ],
)
def test_names_of_every_convention_are_judged(name: str, canonical: str, kind: str, is_error: bool) -> None:
    texts = story(canonical, canonical, canonical)
    wrong = f"Dockers cheered. Transport Secretary {name} said the harbour strike was over and the pay offer stood."
    checked, _ = check([*texts, wrong])
    assert (name, canonical, kind, is_error) in flags(checked)


def test_the_authority_corrects_a_slip_without_other_texts() -> None:
    authority = load_authority("canonical,roles\nMartin Cardwell,\n")
    checked, _ = check(
        ["The union leader met Transport Secretary Martin Cardwel on Sunday, and Cardwel left."], authority
    )
    assert set(flags(checked)) == {
        ("Martin Cardwel", "Martin Cardwell", "misspelling", True),
        ("Cardwel", "Martin Cardwell", "misspelling", True),
    }


def test_a_name_of_its_time_is_the_name_and_an_older_one_a_variant() -> None:
    authority = load_authority(
        "canonical,aliases,entity\n"
        "Halden Group,Brandt Brothers[..2023-07-23]|Haldenia[2023-07-24..],organisation\n"
        "King Olaf Brandt,Prince Olaf Brandt|Ole Brandt[..2023-07-23],person\n"
    )
    text = "Shares of Brandt Brothers rose, those of Haldenia fell. The owner, Ole Brandt, did not sell."
    days = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), None]
    found = []
    for day in days:
        frame = pl.DataFrame(
            {"article_id": ["a"], "text": [text], "published_at": [day]},
            schema_overrides={"published_at": pl.Datetime("us", "UTC")},
        )
        checked = check_names(frame, NamesConfig(), authority=authority)
        found.append(
            (checked.mentions.select("surface", "canonical").rows(), flags(checked), checked.replacements.height)
        )
    old, older, person = (
        ("Brandt Brothers", "Halden Group"),
        ("Haldenia", "Halden Group"),
        ("Ole Brandt", "King Olaf Brandt"),
    )
    assert found[0] == ([old, person], [], 0)
    assert found[1][0] == [old, older, person]
    assert found[1][1] == [(*old, "alias", False), (*person, "alias", False)]
    assert found[2][:2] == ([old, older, person], [])


def test_what_mostly_stands_as_a_place_does_is_no_person() -> None:
    place = [
        "A storm struck in Ann Halden on Friday.",
        "He has a shop near Ann Halden, Ohio.",
        "She was born in Ann Halden.",
    ]
    person = "“It was loud,” said Ann Halden, 43, a teacher."
    checked, _ = check([*place, person])
    assert checked.mentions.is_empty()
    checked, _ = check([place[0], person, f"{person} She left."])
    assert checked.mentions["surface"].to_list() == ["Ann Halden"] * 3
