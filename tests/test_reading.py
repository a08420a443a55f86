"""Commands that the documentation gives a reader, run on an output of two runs, the second of which brought a late duplicate."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import SEEDS, run_steps

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES = [
    pytest.param(code, id=f"{page}-{number}")
    for page in ("docs/reading.md", "README.md")
    for number, code in enumerate(BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))
]
COPIED = ("articles", "clusters", "name_flags", "name_mentions")


def read(snapshot: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(snapshot / table / "*.parquet")


def said(rows: pl.DataFrame, table: str) -> list[str]:
    """Rows in any order, without what says of each row of a snapshot which run wrote the file."""
    columns = sorted({*rows.columns} - ({"run_id"} if table == "clusters" else set()))
    return sorted(map(repr, rows.select(columns).rows()))


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reading")
    first = (SEEDS / "000_e92e818c1740ec33.txt").read_text(encoding="utf-8")
    (folder / "late.txt").write_text(
        f"{first}\n\nThe ferry sails again in spring, the harbour master said.", encoding="utf-8"
    )
    for day, source in (("01", SEEDS), ("02", folder / "late.txt")):
        assert run_steps([source], folder / "output", f"202601{day}T000000Z-0001")
    return folder / "output"


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(
    code: str, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output").symlink_to(output)
    (tmp_path / "seeds").symlink_to(SEEDS)
    shutil.copytree(ROOT / "tests/flows/store/snapshot_0_1_0", tmp_path / "backup")
    earlier, *_, latest = sorted((output / "runs").iterdir())
    (tmp_path / "copy").mkdir()
    for table in COPIED:
        read(earlier, table).write_parquet(tmp_path / f"copy/{table}.parquet")
    (tmp_path / "copy/run_id").write_text(earlier.name)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {})
    if "print(" in code:
        assert capsys.readouterr().out.strip()
    if 'copy/run_id").write_text' in code:
        assert (tmp_path / "copy/run_id").read_text() == latest.name
        for table in COPIED:
            copy, now = pl.read_parquet(tmp_path / f"copy/{table}.parquet"), read(latest, table)
            assert said(copy, table) == said(now, table), table


def test_the_views_agree_with_the_tables(output: Path) -> None:
    import duckdb

    snapshot = (output / "latest").resolve()
    db = duckdb.connect()
    db.execute(f"set variable snapshot = '{snapshot}'")
    db.execute((snapshot / "views.sql").read_text())
    clusters, spans = read(snapshot, "clusters"), read(snapshot, "removed_spans")
    stories = db.sql("select article_id, cluster_size, last_published_run from canonical_articles").pl()
    assert stories.height == clusters["cluster_id"].n_unique()
    assert stories["cluster_size"].sum() == clusters.height
    assert sorted(stories["last_published_run"].unique()) == ["20260101T000000Z-0001", "20260102T000000Z-0001"]
    cut = db.sql("select rule_id, sum(n_passages)::int8 as n from removals_by_site group by all").pl()
    assert dict(cut.rows()) == dict(spans.group_by("rule_id").len().rows())
    (trump,) = db.sql("select n_articles, n_clusters from people_by_day where person = 'Donald Trump'").fetchall()
    mentions = read(snapshot, "name_mentions").filter(canonical="Donald Trump").select("article_id").unique()
    assert trump == (mentions.height, mentions.join(clusters, on="article_id")["cluster_id"].n_unique())
    summary = read(snapshot, "story_summary").filter(pl.col("n_clusters") > 1)
    shown = db.sql("select story_id, n_papers from stories_of_the_day").pl()
    assert shown.height >= 1
    assert sorted(shown.rows()) == sorted(summary.select("story_id", "n_papers").rows())
    changes = read(snapshot, "changes").filter(pl.col("run") > "20260101T000000Z-0001", pl.col("entity") != "snapshot")
    since = db.sql("from changed_since('20260101T000000Z-0001')").pl()
    assert sorted(since.rows()) == sorted(changes.select(since.columns).rows())
    assert db.sql("select is_covered('20260101T000000Z-0001'), is_covered('20250101T000000Z-0001')").fetchall() == [
        (True, False)
    ]
    assert "views.sql" in (snapshot / "SHA256SUMS").read_text()
