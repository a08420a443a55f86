"""A small published snapshot made of the seeds, with the outcome that the design expects placed by hand."""

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cleaners.document import make_id, sha256_hex
from cleaners.schemas import TABLES

SEEDS = Path(__file__).parents[2] / "seeds"
RUN_ID = "20260301T060000Z-test"


def article(name: str, text: str, **columns: Any) -> dict[str, Any]:
    """One row of `articles`, its unimportant columns filled in."""
    return {
        "article_id": make_id(name),
        "origin": "text",
        "parent_article_id": None,
        "source_uri": f"landing/{name}",
        "url": None,
        "canonical_url": None,
        "site": None,
        "title": None,
        "authors": [],
        "agency": None,
        "published_at": None,
        "fetched_at": None,
        "language": "en",
        "text": text,
        "text_normalised": None,
        "people": [],
        "n_words": max(1, len(text.split())),
        "n_removed_chars": 0,
        "raw_sha256": sha256_hex(name),
        "text_sha256": sha256_hex(text),
        "extractor": "plain-text 1",
        "code_version": "0.1.0+test",
        "run_id": RUN_ID,
    } | columns


def strip(
    row: dict[str, Any], extracted: str, cuts: list[tuple[int, int, str, str, float, str | None]]
) -> list[dict[str, Any]]:
    """Cut passages out of a row's text, and give their rows of `removed_spans`."""
    spans = [
        {
            "article_id": row["article_id"],
            "span_no": number,
            "start": start,
            "end": end,
            "text": extracted[start:end],
            "rule_id": rule_id,
            "category": category,
            "confidence": confidence,
            "salvaged_article_id": salvaged,
            "run_id": row["run_id"],
        }
        for number, (start, end, rule_id, category, confidence, salvaged) in enumerate(cuts)
    ]
    text, at = "", 0
    for span in spans:
        text += extracted[at : span["start"]]
        at = span["end"]
    text += extracted[at:]
    row.update(text=text, n_words=len(text.split()), n_removed_chars=len(extracted) - len(text))
    return spans


def write_snapshot(folder: Path, run_id: str, rows: dict[str, list[dict[str, Any]]]) -> Path:
    """Write the eight tables, each held to its contract, and a manifest; `latest` points to them."""
    snapshot = folder / "runs" / run_id
    for name, schema in TABLES.items():
        (snapshot / name).mkdir(parents=True)
        empty = schema.create_empty()
        frame = pl.DataFrame(rows.get(name, []), schema=empty.schema) if rows.get(name) else empty
        schema.validate(frame).write_parquet(snapshot / name / "part-0.parquet")
    (snapshot / "manifest.json").write_text(json.dumps({"run_id": run_id}))
    (folder / "latest").symlink_to(Path("runs") / run_id)
    return snapshot


def cluster_rows(rows: list[dict[str, Any]], pairs: dict[str, tuple[str, float]]) -> list[dict[str, Any]]:
    """Clusters of articles: `pairs` names each copy's canonical article and how alike they are."""
    heads = [head for head, _ in pairs.values()]
    out = []
    for row in rows:
        head, similarity = pairs.get(row["article_id"], (row["article_id"], 1.0))
        out.append(
            {
                "article_id": row["article_id"],
                "cluster_id": head,
                "is_canonical": head == row["article_id"],
                "match": "near" if row["article_id"] in pairs else "single",
                "similarity": similarity,
                "cluster_size": heads.count(head) + 1,
                "previous_cluster_id": None,
                "run_id": row["run_id"],
            }
        )
    return out


def flag_rows(
    row: dict[str, Any], surface: str, canonical: str, kind: str, evidence: dict[str, Any], *, is_error: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A flag and a mention for each place where the surface stands."""
    flags, mentions, at = [], [], row["text"].find(surface)
    while at >= 0:
        place = {"article_id": row["article_id"], "start": at, "end": at + len(surface), "surface": surface}
        flag_id = hashlib.sha256(f"{row['article_id']}{at}".encode()).hexdigest()[:24]
        mentions.append(place | {"canonical": canonical, "entity": "person", "flag_id": flag_id})
        flags.append(
            {"flag_id": flag_id, **place, "canonical": canonical, "kind": kind, "is_error": is_error}
            | {"confidence": 0.93 if is_error else 0.99, "evidence": json.dumps(evidence), "decision": None}
        )
        at = row["text"].find(surface, at + 1)
    return flags, mentions


def summary_row(stage: str, metric: str, value: float, unit: str, **bounds: Any) -> dict[str, Any]:
    """One row of `run_summary`."""
    return {"run_id": RUN_ID, "stage": stage, "metric": metric, "value": value, "unit": unit} | {
        "lower": bounds.get("lower"),
        "upper": bounds.get("upper"),
        "passed": bounds.get("passed"),
    }


def seed_rows() -> dict[str, list[dict[str, Any]]]:
    """The tables that a run over the five seeds should publish (three embedded articles, one name error)."""
    files = {path.name[:3]: path for path in sorted(SEEDS.glob("*.txt"))}
    texts = {key: path.read_bytes().decode() for key, path in files.items()}
    rows = {key: article(files[key].name, text) for key, text in texts.items()}
    rows["001"]["title"], rows["002"]["title"] = (texts[key].splitlines()[0] for key in ("001", "002"))
    rows["002"] |= {"site": "straitstimes.com", "url": "https://www.straitstimes.com/a?b=1", "agency": "BLOOMBERG"}
    long = texts["002"]

    starts = [at for at in range(len(long)) if long.startswith("Straits Times\n3 hours ago", at)] + [len(long)]
    embedded, spans = [], []
    for number, (start, end) in enumerate(zip(starts, starts[1:], strict=False)):
        lines = long[start:end].split("\n")
        body = lines[4]
        row = article(f"embedded-{number}", body, origin="embedded", parent_article_id=rows["002"]["article_id"])
        row |= {"title": lines[3], "site": "straitstimes.com", "agency": "REUTERS", "source_uri": rows["002"]["source_uri"]}
        signup = body.index("Russia's President") if number < 2 else body.index("Ukrainian President")
        cuts = [(0, signup, "signup.newsletter", "signup_banner", 0.98, None)]
        caption = body.find("WASHINGTON - ")
        if caption > 0:
            cuts.append((signup, caption, "caption.file-photo", "caption_credit", 0.95, None))
        if "Top stories" in body:
            widget = body.index("Top stories")
            cuts.append((widget, body.index('"', widget), "widget.top-stories", "top_stories_widget", 0.97, None))
        cuts.append((body.rindex(" REUTERS"), len(body), "agency.closing", "agency_credit", 0.99, None))
        spans += strip(row, body, cuts)
        embedded.append(row)

    banner = long.index("BT in your inbox")
    tail = long.index("Hashtags")
    cards = [
        (start, end, "card.publisher-age", "related_article", 1.0, row["article_id"])
        for start, end, row in zip(starts, starts[1:], embedded, strict=False)
    ]
    spans += strip(
        rows["002"],
        long,
        [
            (banner, long.index("Still, it's possible"), "signup.inbox", "signup_banner", 0.96, None),
            (tail, starts[0], "comments.widget", "comments_ui", 0.91, None),
            *cards,
        ],
    )
    byline = texts["001"].index("Ft\n")
    spans += strip(rows["001"], texts["001"], [(byline, byline + 4, "byline.outlet", "byline", 0.88, None)])
    read = texts["003"].index("\nRead: ")
    spans += strip(rows["003"], texts["003"], [(read, len(texts["003"]), "readmore.line", "read_more_link", 0.99, None)])

    articles = [*rows.values(), *embedded]
    flags, mentions = flag_rows(
        rows["004"],
        "Robert Lutnick",
        "Howard Lutnick",
        "wrong_given",
        {"article_ids": [rows["002"]["article_id"], rows["003"]["article_id"]], "role": "Commerce Secretary", "n": 2},
        is_error=True,
    )
    for row, surface in ((embedded[0], "Zelensky"), (embedded[1], "Zelenskiy"), (embedded[2], "Zelenskiy")):
        more = flag_rows(row, surface, "Volodymyr Zelenskyy", "transliteration", {"authority": "Q3874799"}, is_error=False)
        flags, mentions = flags + more[0], mentions + more[1]
    for key in ("002", "003"):
        at = rows[key]["text"].find("Howard Lutnick")
        if at >= 0:
            place = {"article_id": rows[key]["article_id"], "start": at, "end": at + 14, "surface": "Howard Lutnick"}
            mentions.append(place | {"canonical": "Howard Lutnick", "entity": "person", "flag_id": None})
    first, second = sorted((embedded[0]["article_id"], embedded[1]["article_id"]))
    return {
        "articles": articles,
        "removed_spans": spans,
        "clusters": cluster_rows(articles, {embedded[1]["article_id"]: (embedded[0]["article_id"], 0.83)}),
        "duplicate_pairs": [
            {"left_id": first, "right_id": second, "jaccard": 0.71, "containment": 0.83, "evidence": "{}"}
        ],
        "name_mentions": mentions,
        "name_flags": flags,
        "rejects": [
            {
                "source_uri": "landing/broken.html",
                "stage": "read",
                "reason": "binary",
                "detail": "starts with the bytes of a PNG picture",
                "raw_sha256": sha256_hex("x"),
                "n_bytes": 5120,
                "article_id": None,
                "run_id": RUN_ID,
            }
        ],
        "run_summary": [
            summary_row("discover", "inputs_found", 7, "inputs"),
            summary_row("discover", "inputs_new", 6, "inputs"),
            summary_row("extract", "reject_share", 0.166, "share", upper=0.1, passed=False),
        ],
    }


@pytest.fixture
def seed_snapshot(tmp_path: Path) -> Path:
    """The snapshot of a run over the seeds and a broken page."""
    return write_snapshot(tmp_path / "output", RUN_ID, seed_rows())
