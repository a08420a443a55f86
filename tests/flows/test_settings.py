from __future__ import annotations

from pathlib import Path

import pytest

from cleaners.errors import ConfigError
from flows.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_command_line_wins_over_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copydesk.toml").write_text(
        'output = "from-file"\nworkers = 3\nkeep_snapshots = 4\n[cleaning.quality]\nmin_records = 7\nmax_reject_share = 0.5\n'
    )
    monkeypatch.setenv("COPYDESK_WORKERS", "5")
    monkeypatch.setenv("COPYDESK_KEEP_SNAPSHOTS", "6")
    monkeypatch.setenv("COPYDESK_CLEANING__QUALITY__MIN_RECORDS", "9")
    settings = load_settings(workers=2, output=None)
    assert (settings.output, settings.workers, settings.keep_snapshots) == ("from-file", 2, 6)
    assert (settings.cleaning.quality.min_records, settings.cleaning.quality.max_reject_share) == (9, 0.5)


def test_lists_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYDESK_SOURCES", '["landing", "more/*.jsonl"]')
    assert load_settings().sources == ["landing", "more/*.jsonl"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = -1", "workers"),
        ("[cleaning.quality]\nmin_record = 1", "cleaning.quality.min_record"),
        ("workers = ", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_with_the_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_settings(path)


def test_a_missing_file_that_was_named_is_an_error() -> None:
    with pytest.raises(ConfigError, match="missing"):
        load_settings("missing.toml")


def test_every_setting_is_described() -> None:
    def undescribed(model: type, path: str) -> list[str]:
        missing = []
        for name, field in model.model_fields.items():
            if not field.description:
                missing.append(f"{path}{name}")
            if hasattr(field.annotation, "model_fields"):
                missing += undescribed(field.annotation, f"{path}{name}.")
        return missing

    assert undescribed(Settings, "") == []
