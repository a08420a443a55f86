import polars as pl
import pytest

from cleaners.errors import ConfigError
from cleaners.names import AUTHORITY_SCHEMA, core_authority, load_authority
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
    }


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
