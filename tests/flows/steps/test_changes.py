"""What a run changed: recorded by entity and id, so that an earlier copy of the tables is brought up to date by it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from cleaners.codes import ENTITIES
from cleaners.document import make_id
from cleaners.names import DECISION_SCHEMA
from cleaners.schemas import TABLES
from flows.steps.changes import compare_rows
from flows.store.snapshots import read_snapshot
from tests.conftest import run_steps
from tests.flows.snapshots import article, cluster, flag

pytestmark = pytest.mark.slow

BRIDGE = (
    "The council met on Monday and agreed to repair the iron bridge before winter comes. Mayor {name}, who had pressed for "
    "the work twice, said that it would begin in March and cost less than the engineers had feared. {more}"
)
FERRY = (
    "The ferry to the northern islands sails again from the first of April, the harbour master said. President Volodymyr "
    "Zelensky will name the new ship, which carries forty cars and does not mind the ice."
)
STADIUM = (
    "Builders broke ground for the stadium on Thursday. Its roof will open in two minutes, said architect Paul Verne, and "
    "the seats come from a plant up the river that closed nine years ago and has hired again since the contract was signed."
)


def clusters(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, TABLES["clusters"].create_empty().drop("changed_run").schema)


def kinds(changes: pl.DataFrame) -> dict[str, str]:
    return dict(changes.select("id", "kind").rows())


def test_rows_of_one_id_change_together_and_a_merged_cluster_says_so() -> None:
    a, b, c, d = (article(name, "text") for name in "abcd")
    earlier = clusters([*cluster([a, b]), *cluster([c]), *cluster([d])]).with_columns(changed_run=pl.lit("run 1"))
    e = article("e", "text")
    now = clusters([*cluster([a, b, c]), *cluster([e])])
    compared = compare_rows("clusters", earlier.lazy(), now, "run 2")
    assert {
        make_id(name): kind for name, kind in (("a", "changed"), ("c", "merged"), ("d", "removed"), ("e", "added"))
    } == (kinds(compared.changes))
    assert set(compared.rows["changed_run"]) == {"run 2"}  # their cluster has another size


def test_a_row_that_stays_keeps_the_run_that_changed_it() -> None:
    row = article("a", "Governor Robert Lutnick spoke.")
    first, second = (flag(row, name, "Howard Lutnick", is_error=True) for name in ("Robert Lutnick", "Governor"))
    schema = TABLES["name_flags"].create_empty().schema
    earlier = pl.DataFrame([first | {"changed_run": "run 1"}, second | {"changed_run": None}], schema)
    now = pl.DataFrame([first, second | {"decision": "accept"}], schema)
    for judged, runs, changed in (
        (now, ["run 1", "run 2"], {second["flag_id"]: "changed"}),
        (earlier.head(1), ["run 1"], {second["flag_id"]: "removed"}),
    ):
        compared = compare_rows("name_flags", earlier.lazy(), judged, "run 2")
        assert compared.rows["changed_run"].to_list() == runs
        assert kinds(compared.changes) == changed


class Day(NamedTuple):
    """A run: its id, the files of its snapshot by name and inode, its tables."""

    run_id: str
    inodes: dict[str, int]
    tables: dict[str, pl.DataFrame]

    @property
    def changes(self) -> pl.DataFrame:
        return self.tables["changes"]


def read_day(path: Path) -> Day:
    """Every table that `changes` speaks of, without the column of `clusters` that is the last run's in each row."""
    snapshot = read_snapshot(path)
    tables = {name: pl.read_parquet(snapshot.files(name), glob=False) for name in (*ENTITIES, "changes")}
    tables["clusters"] = tables["clusters"].drop("run_id")
    return Day(
        snapshot.run_id, {str(file.relative_to(path)): file.stat().st_ino for file in path.rglob("*.parquet")}, tables
    )


def bring_up_to_date(earlier: Day, now: Day) -> dict[str, pl.DataFrame]:
    """Do as docs/reading.md says, and no more."""
    changes = now.changes.filter(pl.col("run") > earlier.run_id)
    renewed = {}
    for table, key in ENTITIES.items():
        ids = changes.filter(entity=table).select(pl.col("id").unique().alias(key))
        kept = earlier.tables[table].join(ids, on=key, how="anti")
        renewed[table] = pl.concat([kept, now.tables[table].join(ids, on=key, how="semi")])
    return renewed


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    """Five runs: a first; a better copy of a story; another story; a decision and a worse copy; all read again, one too short by then."""
    folder = tmp_path_factory.mktemp("days")
    landing, output = folder / "landing", folder / "output"
    landing.mkdir()
    days = []

    def run(day: int, files: dict[str, str], **settings: Any) -> None:
        for name, text in files.items():
            (landing / f"{name}.txt").write_text(text)
        result = run_steps([landing], output, f"2026010{day}T060000Z-0001", keep_snapshots=4, **settings)
        assert result
        assert result.snapshot
        days.append(read_day(result.snapshot))

    papers = {
        f"paper{n}": BRIDGE.format(name="Anna Lindqvist", more=f"Paper {n} saw the plans. " * n) for n in (1, 2, 3)
    }
    run(1, {"ferry": FERRY, **papers})
    run(
        2,
        {"other": BRIDGE.format(name="Anna Lindquist", more="Work on the pier goes on, said the foreman of the yard.")},
    )
    run(3, {"stadium": STADIUM})
    (flag, *_) = days[-1].tables["name_flags"].to_dicts()
    decided = {"flag_id", "article_id", "start", "end", "surface", "kind", "canonical"}
    row = {name: str(flag[name]) if name in decided else "" for name in DECISION_SCHEMA}
    row |= {"decision": "reject", "decided_at": "2026-01-03T12:00:00+00:00"}
    (output / "decisions.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    run(4, {"late": BRIDGE.format(name="Anna Lindqvist", more="")})
    run(5, {}, cleaning={"extract": {"min_words": 38}})
    return days


def test_an_earlier_copy_is_brought_up_to_date_by_the_changes_alone(days: list[Day]) -> None:
    for n, now in enumerate(days):
        for earlier in days[max(0, n - 4) : n]:
            renewed = bring_up_to_date(earlier, now)
            for table in ENTITIES:
                assert sorted(map(repr, renewed[table].rows())) == sorted(map(repr, now.tables[table].rows())), (
                    table,
                    now.run_id,
                )


def test_every_kind_of_change_is_recorded_in_order(days: list[Day]) -> None:
    found = set()
    for day in days:
        assert day.changes.equals(day.changes.sort("run", "id", "entity"))
        own = day.changes.filter(run=day.run_id)
        found |= set(own.select("entity", "kind").rows())
        assert own["time"].dt.day().unique().to_list() == [int(day.run_id[6:8])]
    for kind in ("added", "changed", "removed"):
        assert {("articles", kind), ("clusters", kind)} <= found, kind
    assert {("clusters", "merged"), ("name_mentions", "removed"), ("name_flags", "changed")} <= found


def test_what_did_not_change_is_not_recorded(days: list[Day]) -> None:
    third = days[2].changes.filter(run=days[2].run_id)
    assert third.filter(entity="clusters")["kind"].to_list() == ["added"]
    assert third.filter(entity="articles")["kind"].to_list() == ["added"]
    for table in ("clusters", "name_flags", "name_mentions"):
        runs = days[2].tables[table]["changed_run"].unique()
        assert set(runs) <= {day.run_id for day in days[:3]}
        assert runs.len() > 1 or table == "name_flags"
    fourth = days[3].changes.filter(run=days[3].run_id)
    assert "added" not in set(fourth.filter(entity="clusters")["kind"])
    assert fourth.filter(entity="name_flags")["kind"].to_list() == ["changed"]
    untouched = days[3].tables["clusters"].filter(pl.col("cluster_size") == 1)
    assert days[3].run_id not in set(untouched["changed_run"])


def test_changes_go_with_the_snapshots_and_say_which_copy_they_cover(days: list[Day]) -> None:
    names = sorted(name for name in days[-1].inodes if name.startswith("changes/"))
    assert names == [f"changes/{day.run_id}.parquet" for day in days[1:]]
    assert set(days[-1].changes.filter(entity="snapshot")["id"]) == {day.run_id for day in days}
    for earlier, later in pairwise(days):  # files of earlier runs are links
        name = f"changes/{earlier.run_id}.parquet"
        assert (earlier is days[0] and later is days[-1]) or later.inodes[name] == earlier.inodes[name]


def test_an_article_that_is_cleaned_again_keeps_the_run_that_first_published_it(days: list[Day]) -> None:
    articles = days[-1].tables["articles"]
    assert set(articles["run_id"]) == {days[-1].run_id}
    assert sorted(articles["published_run"]) == sorted([*[days[0].run_id] * 3, *(day.run_id for day in days[1:4])])
    (time,) = articles.filter(published_run=days[1].run_id)["published_run_at"]
    assert time.isoformat() == "2026-01-02T06:00:00+00:00"


def test_reading_everything_again_covers_no_earlier_copy(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(FERRY)
    first = run_steps([tmp_path / "one.txt"], tmp_path / "out")
    again = run_steps([tmp_path / "one.txt"], tmp_path / "out", "20260102T000000Z-0001", rebuild=True)
    assert first
    assert again
    rows = pl.read_parquet(tmp_path / "out/latest/changes/*.parquet")
    assert rows["run"].unique().to_list() == [again.run_id]
    assert rows.filter(entity="snapshot")["id"].to_list() == [again.run_id]
