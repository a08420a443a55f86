"""The step `stories` in whole runs: what earlier runs grouped stays, and days come to the same as one run."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cleaners.stories.texts import BANK, CYCLING, FERRY, MUSEUM, TRIAL
from tests.conftest import run_steps

pytestmark = pytest.mark.slow

# Day and hour in January 2026, paper, report.
ROWS = {
    "ferry0": (6, 7, "one.example", FERRY[0]),
    "bank0": (6, 9, "two.example", BANK[0]),
    "ferry1": (6, 11, "two.example", FERRY[1]),
    "museum0": (7, 8, "one.example", MUSEUM[0]),
    "trial0": (7, 9, "one.example", TRIAL[0]),
    "ferry2": (7, 10, "three.example", FERRY[2]),
    "bank1": (7, 11, "three.example", BANK[1]),
    "museum1": (8, 8, "two.example", MUSEUM[1]),
    "cycling0": (8, 9, "one.example", CYCLING[0]),
    "cycling1": (8, 10, "two.example", CYCLING[1]),
    "trial1": (15, 9, "two.example", TRIAL[1]),
}


def write_feed(folder: Path, names: list[str], changed: dict[str, str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        day, hour, site, (title, text) = ROWS[name]
        row = {
            "url": f"https://{site}/{name}",
            "site": site,
            "title": title,
            "text": (changed or {}).get(name, text),
            "published_at": f"2026-01-{day:02}T{hour:02}:00:00Z",
        }
        (folder / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    return folder


def read_stories(output: Path) -> pl.DataFrame:
    """Stories with the names of the articles, sorted."""
    rows = pl.read_parquet(output / "latest/stories/*.parquet")
    names = pl.read_parquet(output / "latest/articles/*.parquet").select(
        "article_id", name=pl.col("url").str.split("/").list.last()
    )
    return rows.join(names, on="article_id").sort("name")


def read_summary(output: Path) -> pl.DataFrame:
    return pl.read_parquet(output / "latest/story_summary/*.parquet").sort("story_id")


def groups(output: Path) -> set[frozenset[str]]:
    rows = read_stories(output).group_by("story_id").agg("name")
    return {frozenset(names) for names in rows["name"].to_list()}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once")
    assert run_steps([write_feed(folder / "in", list(ROWS))], folder / "out", "20260120T000000Z-0001")
    return folder / "out"


def test_articles_of_one_event_are_one_story(once: Path) -> None:
    events = ("ferry", "bank", "museum", "trial", "cycling")
    assert groups(once) == {frozenset(name for name in ROWS if name.startswith(event)) for event in events}
    summary = {row["title"]: row for row in read_summary(once).iter_rows(named=True)}
    trial = next(row for title, row in summary.items() if "Dvorsky" in title)
    assert (trial["n_events"], trial["n_papers"], trial["first_site"], trial["span_days"]) == (2, 2, "one.example", 8.0)
    assert "Karel Dvorsky" in trial["people"]
    firsts = read_stories(once).filter("is_first")["name"].to_list()
    assert firsts == ["bank0", "cycling0", "ferry0", "museum0", "trial0"]


def test_a_run_a_day_gives_the_same_as_one_run(once: Path, tmp_path: Path) -> None:
    for day in sorted({day for day, *_ in ROWS.values()}):
        names = [name for name, row in ROWS.items() if row[0] == day]
        run_id = f"202601{day + 1:02}T000000Z-0001"
        assert run_steps([write_feed(tmp_path / f"in{day}", names)], tmp_path / "out", run_id)
    assert read_stories(tmp_path / "out").equals(read_stories(once))
    assert read_summary(tmp_path / "out").equals(read_summary(once))
    index = sorted(path.name for path in (tmp_path / "out/latest/index/stories").iterdir())
    # The articles of the first days are out of the window; those of the third lie in it, and their terms are taken over.
    assert next(name for name in index if "terms" in name).startswith("20260107T")
    assert sum("members" in name for name in index) == sum("frequencies" in name for name in index) == 1


def test_a_late_article_joins_the_story_of_weeks_ago(once: Path, tmp_path: Path) -> None:
    first = [name for name in ROWS if name != "ferry1"]
    assert run_steps([write_feed(tmp_path / "in", first)], tmp_path / "out", "20260301T000000Z-0001")
    rows = pl.DataFrame(
        {"url": ["https://late.example/x"], "text": ["A bridge was closed in the town, officials said on Monday."]}
    )
    rows.with_columns(published_at=pl.lit("2026-02-28T00:00:00Z")).write_ndjson(tmp_path / "later.jsonl")
    assert run_steps([tmp_path / "later.jsonl"], tmp_path / "out", "20260302T000000Z-0001")
    assert run_steps([write_feed(tmp_path / "late", ["ferry1"])], tmp_path / "out", "20260303T000000Z-0001")
    assert frozenset({"ferry0", "ferry1", "ferry2"}) in groups(tmp_path / "out")


def test_articles_that_are_cleaned_again_keep_their_stories(tmp_path: Path) -> None:
    names = ["ferry0", "ferry1", "ferry2", "bank0", "bank1"]
    sources = [write_feed(tmp_path / "in", names)]
    assert run_steps(sources, tmp_path / "out", "20260120T000000Z-0001")
    before = read_stories(tmp_path / "out")
    cleaning = {"strip": {"owner_max_own_share": 0.41}}
    assert run_steps(sources, tmp_path / "out", "20260121T000000Z-0001", cleaning=cleaning)
    after = read_stories(tmp_path / "out")
    assert set(pl.read_parquet(tmp_path / "out/latest/articles/*.parquet")["run_id"]) == {"20260121T000000Z-0001"}
    kept = ["name", "article_id", "story_id", "event_id", "seen_at", "is_first", "previous_story_id"]
    assert after.select(kept).equals(before.select(kept))


def test_stories_are_put_together_again_where_the_settings_changed(once: Path, tmp_path: Path) -> None:
    names = [name for name in ROWS if not name.startswith("trial")]
    sources = [write_feed(tmp_path / "in", names)]
    assert run_steps(sources, tmp_path / "out", "20260120T000000Z-0001")
    before = read_stories(tmp_path / "out")
    flags = pl.read_parquet(tmp_path / "out/latest/name_flags/*.parquet")
    cleaning = {"stories": {"minimum_probability": 0.999999}}
    assert run_steps(sources, tmp_path / "out", "20260121T000000Z-0001", cleaning=cleaning)
    apart = read_stories(tmp_path / "out")
    assert apart["story_id"].n_unique() > before["story_id"].n_unique()
    changed = apart.filter(pl.col("previous_story_id").is_not_null())
    assert changed.height and set(changed["previous_story_id"]) <= set(before["story_id"])
    assert run_steps(sources, tmp_path / "out", "20260122T000000Z-0001")
    assert read_stories(tmp_path / "out")["story_id"].to_list() == before["story_id"].to_list()
    assert pl.read_parquet(tmp_path / "out/latest/name_flags/*.parquet").equals(flags)
