"""The cases file: pairs of names with the verdict an editor would give, in the manner of nomenklatura's name_bench.

`left,right,verdict,group,why`. A row without `right` is recognised, not compared: whether `left` is a person.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from cleaners.names import NamesConfig, find_mentions, load_authority
from cleaners.names.lexicon.relate import RELATIONS, relate_names
from cleaners.names.recognise.full_names import STRONG

with Path(__file__).with_name("cases.csv").open(encoding="utf-8", newline="") as stream:
    CASES = list(csv.DictReader(stream))
PAIRS = [case for case in CASES if case["right"]]
ALONE = [case for case in CASES if not case["right"]]
NO_AUTHORITY = load_authority("canonical\n")
# Nothing in the sentence speaks for a person but, of persons, the verb of speech.
SENTENCES = {"person": "{name} said so on Monday.", "nobody": "They talked about {name} on Monday."}


def test_there_are_cases_of_every_kind_each_once_with_its_reason() -> None:
    assert len(PAIRS) >= 300
    assert len({frozenset((case["left"], case["right"])) for case in CASES}) == len(CASES)
    assert set(Counter(case["verdict"] for case in PAIRS)) == set(RELATIONS)
    assert all(case["why"] and case["group"] for case in CASES)


@pytest.mark.parametrize("group", sorted({case["group"] for case in PAIRS}))
def test_pairs_have_their_verdict_in_either_order(group: str) -> None:
    wrong = [
        (left, right, case["verdict"], found)
        for case in PAIRS
        if case["group"] == group
        for left, right in ((case["left"], case["right"]), (case["right"], case["left"]))
        if (found := relate_names(left, right)) != case["verdict"]
    ]
    assert wrong == []


@pytest.mark.parametrize("group", sorted({case["group"] for case in ALONE}))
def test_people_are_distinguished_from_what_is_named_after_them(group: str) -> None:
    wrong = []
    for case in ALONE:
        if case["group"] == group:
            text = SENTENCES[case["verdict"]].format(name=case["left"])
            found = find_mentions(pl.DataFrame({"article_id": ["a"], "text": [text]}), NamesConfig(), NO_AUTHORITY)
            people = found.filter((pl.col("entity") == "person") & (pl.col("strength") >= STRONG))["surface"].to_list()
            if bool(people) != (case["verdict"] == "person"):
                wrong.append((case["left"], people))
    assert wrong == []
