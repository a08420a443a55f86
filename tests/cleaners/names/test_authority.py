import polars as pl
import pytest

from cleaners.errors import ConfigError
from cleaners.names import AUTHORITY_SCHEMA, core_authority, load_authority
from cleaners.names.authority import Periods
from cleaners.names.lexicon.compare import fold


def test_four_columns_are_enough() -> None:
    frame = load_authority(
        "canonical,aliases,roles,qid\nClara Whitfield,Klara Whitfield|C. Whitfield,Prime Minister,\n"
    )
    assert frame.schema == AUTHORITY_SCHEMA
    assert frame.row(0, named=True) == {
        "canonical": "Clara Whitfield",
        "aliases": ["Klara Whitfield", "C. Whitfield"],
        "roles": ["Prime Minister"],
        "qid": None,
        "source": None,
        "entity": "person",
        "periods": [],
    }


def test_an_alias_may_have_a_first_and_a_last_day() -> None:
    frame = load_authority(
        "canonical,aliases,entity\nHalden Group,Brandt & Co[..2023-07-23]|HG[2023-07-24..]|Halden,organisation\n"
    )
    assert frame["aliases"].to_list() == [["Brandt & Co", "HG", "Halden"]]
    days = Periods(frame)
    before, after = 19_561.9, 19_562.0  # the evening of 23 July 2023, and midnight
    assert [days.place("Halden Group", "Brandt & Co", day) for day in (before, after, None)] == [0, 1, 0]
    assert [days.place("Halden Group", "HG", day) for day in (before, after, None)] == [-1, 0, 0]
    assert days.place("Halden Group", "Halden", after) is None


@pytest.mark.parametrize("alias", ["Brandt[..2023-7]", "Brandt[2023-07-23..2022-01-01]", "Brandt[soon..]"])
def test_days_that_are_none_are_refused(alias: str) -> None:
    with pytest.raises(ConfigError, match="whose days cannot be read"):
        load_authority([{"canonical": "Halden Group", "aliases": alias, "entity": "organisation"}])


def test_own_rows_replace_those_of_the_core() -> None:
    frame = load_authority([{"canonical": "Nvidia", "entity": "organisation"}], with_core=True)
    assert frame.filter(pl.col("canonical") == "Nvidia").height == 1
    assert frame.height == core_authority().height


@pytest.mark.parametrize("csv", ['canonical\n""\nx\n', "name\nClara\n", "canonical,entity\nClara,ship\n"])
def test_unusable_rows_are_refused(csv: str) -> None:
    with pytest.raises(ConfigError):
        load_authority(csv)


def test_core_is_consistent_and_leaves_the_papers_to_correct_each_other() -> None:
    core = core_authority()
    spellings = [s for c, a in core.select("canonical", "aliases").iter_rows() for s in [c, *a]]
    assert len(set(spellings)) == len(spellings)
    assert core["canonical"].is_unique().all()
    assert core["source"].is_not_null().all()
    looked_up = core.filter(pl.col("qid").is_not_null())  # an identifier that was never looked up is worse than none
    assert looked_up["source"].str.contains("wikidata").all()
    assert not [s for s in spellings if "lutnick" in fold(s)]
