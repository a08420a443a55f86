"""Leaving out a rule: what goes only because of it."""

from __future__ import annotations

import json
from pathlib import Path

from bench.quality.ablation import cut_document, list_evidence, list_rules, load_documents, measure, without
from cleaners.junk.model.weights import load_model

STORY = "The harbour board approved the new ferry terminal on Tuesday after a debate of four hours.\n" * 6
LABEL = "Image caption The ferry leaves the harbour at dawn on its first day"


def test_the_effect_of_a_rule_is_what_goes_only_because_of_it(tmp_path: Path) -> None:
    text = f"{STORY}{LABEL}\n{STORY}"
    spans = [{"start": len(STORY), "end": len(STORY) + len(LABEL), "kind": "caption_credit"}]
    row = {"id": "a", "source": "a.example", "contaminated_text": text, "spans": spans}
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    documents = load_documents(path, [load_model()] * 4)
    whole = [cut_document(one) for one in documents]
    captions = frozenset(name for name in list_rules() if name.startswith("caption-"))
    effect = measure(documents, whole, without(captions))
    assert effect.documents == 1
    assert effect.hit >= 0
    assert whole[0][len(STORY) : len(STORY) + len(LABEL)].any()
    assert measure(documents, whole, without(frozenset({"hashtags-line"}))) == (0, 0, 0)


def test_every_rule_and_detector_is_left_out_once() -> None:
    rules, evidence = list_rules(), list_evidence()
    assert set(rules) == evidence["all rules and detectors"]
    assert "detector card" in evidence
    assert "rules of junk_links.toml" in evidence
