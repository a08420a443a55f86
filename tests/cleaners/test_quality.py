from __future__ import annotations

from cleaners.quality import QualityConfig, RunCounts, check_gates

SOUND = RunCounts(
    n_records=100,
    n_known=10,
    n_articles=60,
    n_embedded=5,
    n_rejects=30,
    n_extracted_chars=1000,
    n_kept_chars=700,
    n_removed_chars=300,
    n_salvaged_chars=100,
)


def broken(counts: RunCounts, config: QualityConfig | None = None) -> list[str]:
    return [gate.metric for gate in check_gates(counts, config or QualityConfig()) if not gate.passed]


def test_a_sound_run_passes() -> None:
    assert broken(SOUND) == []


def test_a_lost_record_and_a_lost_character_are_caught() -> None:
    assert broken(SOUND._replace(n_articles=59)) == ["records_unaccounted"]
    assert broken(SOUND._replace(n_kept_chars=699)) == ["characters_unaccounted"]


def test_shares_are_judged_from_enough_records_on() -> None:
    config = QualityConfig(max_reject_share=0.2, max_removed_share=0.1)
    assert broken(SOUND, config) == ["reject_share", "removed_share"]
    assert broken(SOUND, config.model_copy(update={"min_records": 101})) == []


def test_salvaged_characters_do_not_count_as_removed() -> None:
    config = QualityConfig(max_removed_share=0.2)
    assert broken(SOUND, config) == []
    assert broken(SOUND._replace(n_salvaged_chars=99), config) == ["removed_share"]


def test_counts_add_up_field_by_field() -> None:
    assert SOUND.plus(SOUND) == RunCounts(*(2 * value for value in SOUND))
