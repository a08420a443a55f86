"""Names over the archive: takes the new articles and those near them in time, leaves mentions, flags and replacements.

An article is judged with the articles around it as witnesses. Each part of the articles is judged by itself, so that memory holds
one part and its neighbours; parts that no new article comes near are not touched. Several workers share the largest part, or each
where there are few, with all its witnesses: none is idle while another judges.
"""

import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

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
from flows.steps.parts import ARTICLES_A_PART, part_file, part_names, replaced_article_ids
from flows.store.editors import DECISIONS, read_authority, read_decisions
from flows.store.files import write_bytes, write_parquet
from flows.store.snapshots import Snapshot, check_digest
from flows.store.tables import MENTIONS
from flows.workers.pool import map_in_workers, run_in_worker

# What a judgement rests on: digests of `run.versions.checks`.
JUDGED_BY = ("match", "names", "decisions")

# Articles that are worth a worker: every share of a part lays out all its witnesses, which costs as much as judging a few thousand.
MIN_SHARE = 2_000


class _Share(NamedTuple):
    """Work of one worker: articles to judge, by their places in `windows.parquet`."""

    number: int
    parts: list[str]  # which have the articles; their neighbours bear witness on all of them
    first: int
    last: int


def judge_names(run: Run) -> int:
    """Compare every name with the other papers and the authority file.

    Runs in the flow's own process and holds no rows: the parts are judged by workers.

    Args:
        run: the run, its articles matched and in parts.

    Returns:
        Flags that say error.
    """
    for folder in ("found_again", "judged", "name_mentions", "named"):
        shutil.rmtree(run.work(folder), ignore_errors=True)  # of a run that was interrupted here
    # Editors may decide while the run works: every part goes by what is decided now, the next run by the rest.
    write_bytes(read_decisions(run.settings).encode(), run.work(DECISIONS))
    shares = run_in_worker(_plan_windows, run)
    if not _are_mentions_current(run):
        earlier = sorted(_earlier_parts(run.previous_snapshot))
        map_in_workers(_find_again, [run] * len(earlier), earlier)
    map_in_workers(_judge_share, [run] * len(shares), shares)
    touched = sorted(
        {(name, tuple(s.number for s in shares if name in s.parts)) for share in shares for name in share.parts}
    )
    map_in_workers(_join_shares, [run] * len(touched), *zip(*touched, strict=True))
    return run_in_worker(_gather_flags, run)


def read_names_authority(run: Run) -> pl.DataFrame:
    """The user's authority file over the core that ships with Copydesk."""
    text = read_authority(run.settings)
    return core_authority() if text is None else load_authority(text, with_core=True)


def _plan_windows(run: Run) -> list[_Share]:
    """Write down which articles are judged and which may bear witness.

    Returns:
        The articles to judge by part, neighbours together where they are small: their witnesses are the same.
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
    judged = facts.filter(is_judged)
    sizes = judged.group_by("part").agg(pl.len(), pl.col("place").mean()).sort("place", "part")
    groups: list[list[str]] = []
    n_grouped = 0
    for part, n_judged in sizes.select("part", "len").iter_rows():
        if groups and n_grouped + n_judged <= ARTICLES_A_PART:
            groups[-1].append(part)
            n_grouped += n_judged
        else:
            groups.append([part])
            n_grouped = n_judged
    of_group = [(judged.filter(pl.col("part").is_in(group))["place"].to_numpy(), group) for group in groups]
    of_group.sort(key=lambda one: len(one[0]))
    shares: list[_Share] = []
    for places, group in of_group:
        # The largest comes last, for all workers: they end together, whatever one of them was at before.
        n_shares = run.settings.n_workers if group is of_group[-1][1] else run.settings.n_workers // len(groups)
        for own in np.array_split(places, max(min(n_shares, len(places) // MIN_SHARE), 1)):
            shares.append(_Share(len(shares), group, int(own[0]), int(own[-1])))
    return shares


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


def _judge_share(run: Run, share: _Share) -> None:
    """Judge the names in the articles of a share."""
    config = run.settings.cleaning.names
    facts = pl.scan_parquet(run.work("windows.parquet"), glob=False)  # of all articles: read as far as it is wanted
    judged = facts.filter(pl.col("part").is_in(share.parts) & pl.col("is_judged")).collect()
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
        judged.filter(pl.col("place").is_between(share.first, share.last))["article_id"],
    )
    for table in CheckedNames._fields:
        write_parquet(getattr(checked, table), _judged_file(run, table, share.number))


def _judged_file(run: Run, table: str, share: int) -> Path:
    return run.work("judged", table, f"{share:04d}.parquet")


def _join_shares(run: Run, name: str, shares: tuple[int, ...]) -> None:
    """Write the mentions of a part, those of its articles that were not judged as they were, and its people."""
    facts = pl.scan_parquet(run.work("windows.parquet"), glob=False)
    own = facts.filter(pl.col("part") == name).collect()
    judged, kept = own.filter("is_judged"), own.filter(~pl.col("is_judged"))

    def read(table: str) -> pl.DataFrame:
        rows = pl.concat([pl.scan_parquet(_judged_file(run, table, share), glob=False) for share in shares])
        return rows.join(judged.lazy(), on="article_id", how="semi").collect()

    found = read("mentions")
    if kept.height:
        before = run.previous_snapshot
        assert before
        path = before.path / "name_mentions" / f"{name}.parquet"
        check_digest(path, before.entry(path))
        rows = pl.scan_parquet(path, glob=False)
        still = rows.join(kept.lazy(), on="article_id", how="semi").select(found.columns).collect()
        found = pl.concat([still, found])
    write_parquet(found, run.work("name_mentions", f"{name}.parquet"))
    write_parquet(read("articles"), run.work("named", f"{name}.parquet"))


def _gather_flags(run: Run) -> int:
    """The tables that are written whole: what was judged, and what still holds of the last snapshot."""
    facts = pl.scan_parquet(run.work("windows.parquet"), glob=False)
    kept = facts.filter(~pl.col("is_judged")).select("article_id").collect()
    n_errors = 0
    for table, judged_as in (("name_flags", "flags"), ("name_replacements", "replacements")):
        still = _earlier_rows(run, table, kept)
        paths = sorted(run.work("judged", judged_as).glob("*.parquet"))
        judged = [pl.read_parquet(path, glob=False) for path in paths]
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
