"""The recipes of CONTRIBUTING, done on a copy of the code: so few files make a step, a table, a column, a metric."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

NEW_STEP = '''"""The step `letters`: counts the letters of each article."""

import polars as pl

from flows.run import Run
from flows.store.files import write_parquet


def count_letters(run: Run) -> int:
    """Count the letters of the run's articles; leaves them as the table `letters`."""
    counted = run.scan("articles").select("article_id", n_letters=pl.col("text").str.len_chars().cast(pl.Int64)).collect()
    write_parquet(counted, run.work("letters.parquet"))
    return counted.height
'''
NEW_TABLE = '''

class Letters(dy.Schema):
    """One row an article: how many letters it has."""

    article_id = identifier("The article.", primary_key=True)
    n_letters = dy.Int64(min=0, description="Letters of `articles.text`.")


TABLES["letters"] = Letters
'''
RUN = """
import json, sys
from flows.steps.engine import PlainEngine
from flows.pipeline import run_pipeline
from flows.settings import Settings
from flows.steps.progress import listening

steps = []
with listening(lambda step, done, total: steps.append(step) if done == total and step not in steps else None):
    run_pipeline(Settings(sources=[sys.argv[1]], output=sys.argv[2], workers=1), PlainEngine())
print(json.dumps(steps))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code that an editor may change."""
    for name in ("cleaners", "flows"):
        shutil.copytree(ROOT / name, tmp_path / "code" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "code"


def add_line(file: Path, after: str, line: str) -> None:
    """Write a line after the one line that begins so."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    (place,) = [number for number, text in enumerate(lines) if text.lstrip().startswith(after)]
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    file.write_text("".join([*lines[: place + 1], f"{indent}{line}\n", *lines[place + 1 :]]), encoding="utf-8")


def run_seeds(checkout: Path, output: Path) -> list[str]:
    """Clean the seeds with the changed code, and give the steps in their order."""
    command = [sys.executable, "-c", RUN, str(ROOT / "seeds"), str(output)]
    result = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    steps: list[str] = json.loads(result.stdout.splitlines()[-1])
    return steps


def add_step(checkout: Path) -> None:
    (checkout / "flows/steps/letters.py").write_text(NEW_STEP, encoding="utf-8")
    new = 'Step("letters", "Counting letters", 1, work="flows.steps.letters:count_letters"),'
    add_line(checkout / "flows/steps/step.py", 'Step("summaries"', new)


def test_a_step_is_one_new_file_and_one_line(checkout: Path, tmp_path: Path) -> None:
    add_step(checkout)
    steps = run_seeds(checkout, tmp_path / "out")
    assert steps[:7] == ["discover", "extract", "learn", "strip", "match", "divide", "terms"]
    assert set(steps[7:9]) == {"stories", "names"}
    assert steps[9:] == ["summaries", "letters", "assemble", "report", "gates", "publish"]


def test_a_table_is_its_columns_and_one_line(checkout: Path, tmp_path: Path) -> None:
    add_step(checkout)
    with (checkout / "cleaners/schemas.py").open("a", encoding="utf-8") as file:
        file.write(NEW_TABLE)
    add_line(checkout / "flows/store/tables.py", '"name_replacements"', '"letters": Table("whole", ("article_id",)),')
    run_seeds(checkout, tmp_path / "out")
    letters = pl.read_parquet(tmp_path / "out/latest/letters/*.parquet")
    articles = pl.read_parquet(tmp_path / "out/latest/articles/*.parquet")
    assert (
        letters.sort("article_id")["n_letters"].to_list()
        == articles.sort("article_id")["text"].str.len_chars().to_list()
    )
    assert "letters" in json.loads((tmp_path / "out/latest/manifest.json").read_text())["tables"]


def test_a_column_is_its_contract_and_what_fills_it(checkout: Path, tmp_path: Path) -> None:
    run_seeds(checkout, tmp_path / "out")
    contract = 'n_letters = dy.Int64(min=0, metadata={"default": 0}, description="Letters of `text`.")'
    add_line(checkout / "cleaners/schemas.py", "n_words = dy.Int64(min=1", contract)
    strip = checkout / "cleaners/junk/strip.py"
    add_line(strip, '"n_removed_chars": len(document', '"n_letters": len(cleaned),')
    add_line(strip, "STRIPPED_SCHEMA.update(n_words", "STRIPPED_SCHEMA.update(n_letters=pl.Int64())")
    run_seeds(checkout, tmp_path / "out")
    articles = pl.read_parquet(tmp_path / "out/latest/articles/*.parquet")
    assert articles["n_letters"].to_list() == articles["text"].str.len_chars().to_list()


def test_a_metric_is_one_line_of_the_gates(checkout: Path, tmp_path: Path) -> None:
    gates = checkout / "flows/steps/gates.py"
    add_line(
        gates,
        '("match", "duplicates", clusters)',
        '("names", "articles_with_a_flag", pl.scan_parquet(run.work("name_flags.parquet"))),',
    )
    run_seeds(checkout, tmp_path / "out")
    summary = pl.read_parquet(tmp_path / "out/latest/run_summary/*.parquet")
    flags = pl.read_parquet(tmp_path / "out/latest/name_flags/*.parquet")
    assert summary.filter(pl.col("metric") == "articles_with_a_flag")["value"].item() == flags["article_id"].n_unique()
