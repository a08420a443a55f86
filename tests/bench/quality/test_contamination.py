"""The predictor of the contamination bench: form of its rows, and that no gold field matters."""

import json
from pathlib import Path

from bench.quality.contamination import predict

STORY = (
    "The harbour board approved the new ferry terminal on Tuesday.\nWork begins in spring, the board said on Friday."
)
TEXT = f"By Ana Lund\nShare\nTweet\n{STORY}\nAdvertisement\nComments (0)\nREUTERS"
ROW = {"id": "x", "source": "s", "title": "Board approves", "published": "2031-05-04", "contaminated_text": TEXT}


def _predict(tmp_path: Path, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    predict(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]


def test_rows_hold_kinds_and_offsets_into_the_text(tmp_path: Path) -> None:
    (row,) = _predict(tmp_path, [ROW])
    found = [(TEXT[span["start"] : span["end"]].strip(), span["kind"]) for span in row["removed"]]  # type: ignore[attr-defined]
    assert row["id"] == "x"
    assert ("Share\nTweet", "share_ui") in found
    assert ("Advertisement", "ad_marker") in found
    assert ("Comments (0)", "comments_ui") in found
    assert not {kind for _, kind in found} & {"byline", "agency_credit"}


def test_gold_fields_change_nothing_and_missing_ones_do_not_matter(tmp_path: Path) -> None:
    gold = {
        "spans": [{"start": 0, "end": 3, "kind": "ad_marker"}],
        "gold_text": "no",
        "hard_negative": "yes",
        "layout": "lines",
    }
    plain = _predict(tmp_path, [ROW])
    assert _predict(tmp_path, [{**ROW, **gold}]) == plain
    bare = _predict(tmp_path, [{"id": "x", "source": "s", "published": None, "contaminated_text": TEXT}])
    assert bare[0]["id"] == "x"


def test_every_document_has_a_row(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "id": "empty", "contaminated_text": ""}]
    assert [row["id"] for row in _predict(tmp_path, rows)] == ["x", "empty"]
