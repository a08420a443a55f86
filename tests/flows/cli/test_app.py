from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cleaners.schemas import TABLES
from flows.cli.main import app
from tests.conftest import SEEDS, Tables, run_steps

pytestmark = pytest.mark.slow

COPYDESK = Path(sys.executable).with_name("copydesk")
TERMINAL = {"NO_COLOR": "1", "COLUMNS": "160"}


def copydesk(*arguments: object) -> Result:
    """A command in this process: a process of its own costs seconds, and is what only some of these tests are about."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=TERMINAL)


def copydesk_process(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as of a user with that home of Prefect."""
    environment = {**os.environ, **TERMINAL, "PREFECT_HOME": str(home)}
    command = [str(COPYDESK), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_every_command_and_option_has_help() -> None:
    for command in app.registered_commands:
        assert command.callback
        name = command.name or command.callback.__name__
        assert (command.callback.__doc__ or "").strip(), name
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def test_a_process_ends_at_once_with_all_that_it_said_and_its_exit_code(tmp_path: Path) -> None:
    helped = copydesk_process(tmp_path, "run", "--help")
    assert (helped.returncode, helped.stdout.rstrip()[-1:]) == (0, "╯")
    refused = copydesk_process(tmp_path, "run", tmp_path / "nothing")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.endswith("address.\n")


def test_help_and_inspect_import_neither_prefect_nor_more_than_they_need() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom flows.cli.main import app\n"
        "result = CliRunner().invoke(app, sys.argv[1:])\n"
        "print(result.exit_code, sorted({'prefect', 'polars', 'dataframely', 'trafilatura'} & set(sys.modules)))"
    )

    def loaded(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    assert loaded("--help") == "0 []"
    seed = str(SEEDS / "001_7d87d238794ebb31.txt")
    assert loaded("inspect", seed, "--output", "nowhere") == "0 ['polars']"


def test_help_is_fast_beside_bare_python() -> None:
    def fastest(*command: object) -> float:
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            subprocess.run([str(part) for part in command], capture_output=True, check=True)
            times.append(time.perf_counter() - begin)
        return min(times)

    assert fastest(COPYDESK, "--help") < fastest(sys.executable, "-c", "import polars, pyarrow.parquet") * 2


def test_inspect_marks_what_would_go(tmp_path: Path) -> None:
    shown = copydesk("inspect", SEEDS / "002_f010f8d40c962acc.txt", "--output", tmp_path)
    assert shown.exit_code == 0, shown.stderr
    assert "BT in your inbox" in shown.stdout
    assert "signup" in shown.stdout
    assert "Howard Lutnick" in shown.stdout


def test_inspect_finds_the_nearest_articles_of_the_snapshot(seed_tables: Tables, tmp_path: Path) -> None:
    near = tmp_path / "near.txt"
    near.write_text((SEEDS / "000_e92e818c1740ec33.txt").read_text().replace("Team Green", "the company"))
    shown = copydesk("inspect", near, "--output", seed_tables.snapshot.parent)
    assert shown.exit_code == 0, shown.stderr
    assert "000_e92e818c1740ec33" in shown.stdout


def test_inspect_reads_pages_and_gzip(tmp_path: Path) -> None:
    story = (
        "The harbour board approved a second crane for the eastern quay on Monday, its chief engineer told reporters."
    )
    page = f"<html><head><title>Crane</title></head><body><article><p>{story}</p><p>{story[::1]} Again.</p></article></body></html>"
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(page.encode()))
    shown = copydesk("inspect", tmp_path / "page.html.gz", "--output", tmp_path)
    assert shown.exit_code == 0, shown.stderr
    assert "second crane" in " ".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "No sources"),
        (["run", ".", "--config", "no.toml"], 2, "no.toml"),
        (["inspect", "no-such-file.txt"], 2, "no-such-file.txt"),
        (["report"], 1, "Nothing was published"),
        (["schema", "no_such_table"], 2, "no_such_table"),
    ],
)
def test_errors_say_what_to_do_and_set_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = copydesk(*arguments)
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert isinstance(done.exception, SystemExit), "an error and no traceback"


def test_an_error_of_a_run_is_said_by_the_command_too(tmp_path: Path) -> None:
    done = copydesk("run", tmp_path / "no-such-folder", "--output", tmp_path / "out", "--workers", "1")
    assert done.exit_code == 2, done.output
    assert "no-such-folder" in done.stderr
    assert isinstance(done.exception, SystemExit), "an error and no traceback"


def test_schema_prints_every_contract() -> None:
    shown = copydesk("schema")
    for table, schema in TABLES.items():
        assert f"## {table}" in shown.stdout
        for column in schema.column_names():
            assert f"`{column}`" in shown.stdout


def test_rules_lists_each_with_its_count_and_precision(seed_tables: Tables) -> None:
    from cleaners.junk import describe_rules

    shown = copydesk("rules", "--output", seed_tables.snapshot.parent)
    assert shown.exit_code == 0, shown.stderr
    lines = {line.split()[3].rstrip(","): line.split() for line in shown.stdout.splitlines() if len(line.split()) == 5}
    counted = dict(seed_tables.removed_spans.group_by("rule_id").len().rows())
    for rule in describe_rules():
        assert lines[rule.id][4] == rule.category
        assert int(lines[rule.id][0]) == counted.get(rule.id, 0)
    assert float(lines["card-publisher"][2]) > 0.9


def test_report_is_written_where_the_option_says(seed_tables: Tables, tmp_path: Path) -> None:
    written = tmp_path / "report.html"
    done = copydesk("report", "--output", seed_tables.snapshot.parent, "--write", written)
    assert done.exit_code == 0, done.stderr
    assert "Robert Lutnick" in written.read_text()


def test_it_says_its_version_and_completes() -> None:
    from importlib.metadata import version

    assert copydesk("--version").stdout.strip() == f"copydesk {version('copydesk')}"
    shown = copydesk("--help").stdout
    assert "--install-completion" in shown
    assert "Exit codes. 0: done" in " ".join(shown.split())
    completed = CliRunner().invoke(
        app,
        [],
        prog_name="copydesk",
        env={"_COPYDESK_COMPLETE": "complete_bash", "COMP_WORDS": "copydesk ver", "COMP_CWORD": "1"},
    )
    assert completed.stdout.split() == ["verify"]


def test_scripts_get_json_or_nothing(seed_tables: Tables, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(seed_tables.snapshot.parent / "runs", output / "runs")
    (output / "latest").symlink_to(seed_tables.snapshot.readlink())
    found = json.loads(copydesk("verify", "--output", output, "--json").stdout)
    assert (found["intact"], found["damaged"]) == (True, {})
    assert json.loads(copydesk("gc", "--output", output, "--json").stdout) == {"removed": [], "held": [], "kept": 1}
    for command in ("verify", "gc"):
        assert copydesk(command, "--output", output, "--quiet").output == ""
    next((output / "latest/articles").glob("*.parquet")).write_bytes(b"PAR1")
    damaged = copydesk("verify", "--output", output, "--json")
    assert damaged.exit_code == 1
    assert list(json.loads(damaged.stdout)["damaged"]) != []
    assert "is damaged" in damaged.stderr


def test_run_shows_what_it_did_and_the_second_time_that_nothing_is_new(tmp_path: Path) -> None:
    home, command = tmp_path / "prefect", ("run", SEEDS, "--output", tmp_path / "out")
    first = copydesk_process(home, *command)
    assert first.returncode == 0, first.stderr
    for part in ("Robert Lutnick", "Howard Lutnick", "Zelenskiy", "report.html", "http://127.0.0.1:4200"):
        assert part in first.stdout, part
    # Where there was no home, it is made for its owner alone.
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home, home / "prefect.db")] == [0o700, 0o600]


def test_neither_a_run_that_finds_nothing_new_nor_a_direct_one_starts_prefect(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "home"  # Prefect would fail there
    command = ("run", SEEDS, "--output", tmp_path / "out")
    first = copydesk_process(nowhere, *command, "--direct")
    assert first.returncode == 0, first.stderr
    assert "Howard Lutnick" in first.stdout
    assert "4200" not in first.stdout, "its UI does not show it"
    second = copydesk_process(nowhere, *command, "--json")
    assert second.returncode == 0, second.stderr
    found = json.loads(second.stdout)
    assert (found["status"], found["headline"], found["inputs"]) == ("nothing_new", "Nothing new", 5)
    assert found["snapshot"] == str((tmp_path / "out" / "latest").resolve())


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = copydesk_process(tmp_path / "file" / "home", "run", SEEDS, "--output", tmp_path / "out")
    assert (done.returncode, "PREFECT_HOME" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_what_was_rejected_can_be_tried_again_and_runs_compared_and_cleared(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "late.txt").write_text("")
    (landing / "one.txt").write_text(
        "The council met on Monday and agreed to repair the bridge before winter comes. Its mayor, who had asked for the "
        "work twice, said that it would begin in March and cost less than the engineers had feared."
    )
    nothing = copydesk("retry", "--output", tmp_path / "out")
    assert nothing.exit_code == 1
    assert "copydesk run" in nothing.stderr
    before = "20260101T000000Z-0001"
    run_steps([landing], tmp_path / "out", run_id=before)
    (landing / "late.txt").write_text(
        "The harbour board approved a second crane for the eastern quay. The chief engineer, who presented the plan, told "
        "reporters that ships would wait half as long as they did last year, and that the old crane stays."
    )
    again = copydesk("retry", "--direct", "--output", tmp_path / "out", "--workers", "1")
    assert again.exit_code == 0, again.stderr
    compared = copydesk("diff", before, "--output", tmp_path / "out")
    assert "1 unchanged" in compared.stdout
    assert "1 added" in compared.stdout, again.stdout
    cleared = copydesk("gc", "--keep", "1", "--output", tmp_path / "out")
    assert f"removed {before}" in cleared.stdout
    gone = copydesk("diff", before, "--output", tmp_path / "out")
    assert gone.exit_code == 1
    assert "Runs kept" in gone.stderr
