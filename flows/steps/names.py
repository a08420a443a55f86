"""Names over the archive: takes the new articles and those near them in time, leaves mentions, flags and replacements.

An article is judged with the articles around it as witnesses. Each part of the articles is judged by itself, so that memory holds
one part and its neighbours; parts that no new article comes near are not touched.
"""

import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from cleaners.names import (
    MENTION_SCHEMA,
    CheckedNames,
    check_names,
    core_authority,
    find_mentions,
    load_authority,
    load_decisions,
)
from cleaners.names.answer import FLAGS, REPLACEMENTS
from flows.run import Run
from flows.steps.parts import ARTICLES_A_PART, gather_part, part_file, part_names, plan_parts, replaced_article_ids
from flows.store.editors import DECISIONS, read_authority, read_decisions
from flows.store.files import write_bytes, write_parquet
from flows.store.snapshots import Snapshot, check_digest
from flows.store.tables import MENTIONS
from flows.workers.pool import map_in_workers, run_in_worker

# What a judgement rests on: digests of `run.versions.checks`.
JUDGED_BY = ("match", "names", "decisions")


def judge_names(run: Run) -> int:
    """Compare every name with the other papers and the authority file.

    Runs in the flow's own process and holds no rows: the parts are judged by workers.

    Args:
        run: the run, its articles matched.

    Returns:
        Flags that say error.
    """
    for folder in ("parts", "found_again", "name_mentions", "name_flags", "name_replacements", "named"):
        shutil.rmtree(run.work(folder), ignore_errors=True)  # of a run that was interrupted here
    # Editors may decide while the run works: every part goes by what is decided now, the next run by the rest.
    write_bytes(read_decisions(run.settings).encode(), run.work(DECISIONS))
    names = run_in_worker(plan_parts, run)
    map_in_workers(gather_part, [run] * len(names), range(len(names)), names)
    touched = run_in_worker(_plan_windows, run)
    if not _are_mentions_current(run):
        earlier = sorted(_earlier_parts(run.previous_snapshot))
        map_in_workers(_find_again, [run] * len(earlier), earlier)
    map_in_workers(_judge_parts, [run] * len(touched), touched)
    return run_in_worker(_gather_flags, run)


def read_names_authority(run: Run) -> pl.DataFrame:
    """The user's authority file over the core that ships with Copydesk."""
    text = read_authority(run.settings)
    return core_authority() if text is None else load_authority(text, with_core=True)


def _plan_windows(run: Run) -> list[list[str]]:
    """Write down which articles are judged and which may bear witness.

    Returns:
        The parts that have some to judge, neighbours together where they are small: their witnesses are the same.
    """
    config = run.settings.cleaning.names
    replaced = replaced_article_ids(run).to_frame("article_id")
    frames = [
        pl.DataFrame(schema={"article_id": pl.String, "published_at": pl.Datetime("us", "UTC"), "part": pl.String})
    ]
    for name, path in _earlier_parts(run.previous_snapshot).items():
        held = pl.read_parquet(path, columns=["article_id", "published_at"], glob=False)
        frames.append(held.join(replaced, on="article_id", how="anti").with_columns(part=pl.lit(name)))
    new = part_names(run)
    for name in new:
        held = pl.read_parquet(part_file(run, "articles", name), columns=["article_id", "published_at"], glob=False)
        frames.append(held.with_columns(part=pl.lit(name)))
    facts = pl.concat(frames).sort("published_at", "article_id", nulls_last=True).with_row_index("place")
    is_new = facts["part"].is_in(pl.Series(new, dtype=pl.String).implode())
    is_judged = is_witness = pl.Series([True]).new_from_index(0, facts.height)
    if not _is_all_judged(run) and (is_new.any() or facts.height > 2 * config.window_articles):
        is_near = pl.Series(_lie_near(is_new.to_numpy(), config.window_articles))
        is_undated = facts["published_at"].is_null()
        if is_undated.sum() <= config.window_articles and is_new.any():
            is_near |= is_undated
        window = timedelta(days=config.window_days)
        is_judged = is_near & _lie_within(facts, is_new, window)
        is_witness = _lie_within(facts, is_new, 2 * window)
    write_parquet(facts.with_columns(is_judged=is_judged, is_witness=is_witness), run.work("windows.parquet"))
    judged = facts.filter(is_judged).group_by("part").agg(pl.len(), pl.col("place").mean()).sort("place", "part")
    groups: list[list[str]] = []
    n_grouped = 0
    for part, n_judged in judged.select("part", "len").iter_rows():
        if groups and n_grouped + n_judged <= ARTICLES_A_PART:
            groups[-1].append(part)
            n_grouped += n_judged
        else:
            groups.append([part])
            n_grouped = n_judged
    return groups


def _is_all_judged(run: Run) -> bool:
    """Tell whether the rules or decisions changed since the last snapshot, or there is none."""
    previous = run.previous_snapshot
    return (
        previous is None
        or any(previous.manifest.get("checks", {}).get(step) != run.versions.checks[step] for step in JUDGED_BY)
        or "name_replacements" not in previous.manifest["tables"]
    )


def _lie_near(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]], n: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark those that are chosen, or have a chosen one among the `n` on either side."""
    upto = np.concatenate(([0], np.cumsum(chosen)))
    places = np.arange(len(chosen))
    last, first = np.minimum(places + n + 1, len(chosen)), np.maximum(places - n, 0)
    return np.asarray(upto[last] > upto[first])


def _lie_within(facts: pl.DataFrame, is_new: pl.Series, margin: timedelta) -> pl.Series:
    """Mark those that were published within a margin of the new ones; all where one of these, or of those, has no date."""
    days = facts["published_at"].filter(is_new)
    if days.is_empty() or days.null_count():
        return pl.Series([True]).new_from_index(0, facts.height)
    first, last = days.min(), days.max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    is_near = pl.col("published_at").is_between(first - margin, last + margin)
    return facts.select((is_near | pl.col("published_at").is_null()).alias("")).to_series()


def _judge_parts(run: Run, names: list[str]) -> None:
    """Judge the names in the articles of some parts, those of them that are to be judged."""
    config = run.settings.cleaning.names
    facts = pl.scan_parquet(run.work("windows.parquet"), glob=False)  # of all articles: read as far as it is wanted
    own = facts.filter(pl.col("part").is_in(names)).collect()
    judged = own.filter("is_judged")
    first, last = int(judged["place"].min()), int(judged["place"].max())  # type: ignore[arg-type]
    is_around = pl.col("place").cast(pl.Int64).is_between(first - config.window_articles, last + config.window_articles)
    if facts.select(pl.col("published_at").null_count()).collect().item() <= config.window_articles:
        is_around |= pl.col("published_at").is_null()
    witnesses = facts.filter(pl.col("is_witness") & is_around).collect()
    ids = witnesses.select("article_id")
    earlier = _earlier_parts(run.previous_snapshot)
    texts, mentions = [], []
    for part in witnesses["part"].unique().sort():
        # An article may stand in an earlier part too, as it was before it was read again.
        ours = witnesses.filter(pl.col("part") == part).select("article_id").lazy()
        files = (earlier[part], _mentions_file(run, part)) if part in earlier else _new_files(run, part)
        columns = ["article_id", "text", "published_at"]
        texts.append(pl.scan_parquet(files[0], glob=False).select(columns).join(ours, on="article_id", how="semi"))
        mentions.append(
            pl.scan_parquet(files[1], glob=False).select(MENTION_SCHEMA.names()).join(ours, on="article_id", how="semi")
        )
    clusters = pl.scan_parquet(run.work("clusters.parquet"), glob=False).select("article_id", "cluster_id")
    checked = check_names(
        pl.concat(texts),
        config,
        pl.concat(mentions),
        clusters.join(ids.lazy(), on="article_id", how="semi").collect(engine="streaming"),
        read_names_authority(run),
        load_decisions(run.work(DECISIONS).read_text(encoding="utf-8")),
        _earlier_rows(run, "name_flags", ids),
        judged["article_id"],
    )
    for name in names:
        _write_judged(run, name, own.filter(pl.col("part") == name), checked)


def _write_judged(run: Run, name: str, own: pl.DataFrame, checked: CheckedNames) -> None:
    """Write what was found in a part: its mentions whole, the flags of the articles that were judged."""
    judged, kept = own.filter("is_judged"), own.filter(~pl.col("is_judged"))
    found = checked.mentions.join(judged, on="article_id", how="semi")  # parts are judged together
    if kept.height:
        before = run.previous_snapshot
        assert before
        path = before.path / "name_mentions" / f"{name}.parquet"
        check_digest(path, before.entry(path))
        rows = pl.scan_parquet(path, glob=False)
        still = rows.join(kept.lazy(), on="article_id", how="semi").select(found.columns).collect()
        found = pl.concat([still, found])
    write_parquet(found, run.work("name_mentions", f"{name}.parquet"))
    for table, rows_found in (("name_flags", checked.flags), ("name_replacements", checked.replacements)):
        write_parquet(rows_found.join(judged, on="article_id", how="semi"), run.work(table, f"{name}.parquet"))
    write_parquet(checked.articles.join(judged, on="article_id", how="semi"), run.work("named", f"{name}.parquet"))


def _gather_flags(run: Run) -> int:
    """The tables that are written whole: what was judged, and what still holds of the last snapshot."""
    facts = pl.scan_parquet(run.work("windows.parquet"), glob=False)
    kept = facts.filter(~pl.col("is_judged")).select("article_id").collect()
    n_errors = 0
    for table in ("name_flags", "name_replacements"):
        still = _earlier_rows(run, table, kept)
        judged = [pl.read_parquet(path, glob=False) for path in sorted(run.work(table).glob("*.parquet"))]
        rows = pl.concat([still, *(frame.select(still.columns).cast(dict(still.schema)) for frame in judged)])  # type: ignore[arg-type]
        write_parquet(rows, run.work(f"{table}.parquet"))
        n_errors += int(rows["is_error"].sum()) if table == "name_flags" else 0
    return n_errors


def _find_again(run: Run, name: str) -> None:
    """Find the mentions in the articles of an earlier part again: the step changed since."""
    rows = pl.read_parquet(_earlier_parts(run.previous_snapshot)[name], columns=["article_id", "text"], glob=False)
    found = find_mentions(rows, run.settings.cleaning.names, read_names_authority(run))
    write_parquet(found, run.work("found_again", f"{name}.parquet"))


def _are_mentions_current(run: Run) -> bool:
    previous = run.previous_snapshot
    return previous is None or previous.manifest.get("checks", {}).get("names") == run.versions.checks["names"]


def _mentions_file(run: Run, part: str) -> Path:
    again = run.work("found_again", f"{part}.parquet")
    previous = run.previous_snapshot
    assert previous
    return again if again.exists() else previous.path / MENTIONS / f"{part}.parquet"


def _new_files(run: Run, part: str) -> tuple[Path, Path]:
    return part_file(run, "articles", part), part_file(run, "mentions", part)


def _earlier_parts(previous: Snapshot | None) -> dict[str, Path]:
    """The files of the last snapshot's articles by the name of the part."""
    return {path.stem: path for path in _files(previous)}


def _files(previous: Snapshot | None) -> Iterable[Path]:
    return previous.files("articles") if previous else []


def _earlier_rows(run: Run, table: str, ids: pl.DataFrame) -> pl.DataFrame:
    """The last snapshot's rows of a table of names, of some articles, as this step gives them."""
    schema = {"name_flags": FLAGS, "name_replacements": REPLACEMENTS}[table]
    previous = run.previous_snapshot
    if previous is None:
        return pl.DataFrame(schema=schema)
    rows = previous.scan(table, schema).select(schema.names())
    return rows.join(ids.lazy(), on="article_id", how="semi").collect()
