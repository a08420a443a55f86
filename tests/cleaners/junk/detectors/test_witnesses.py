"""What speaks against a passage that others hold too, and what does not."""

from __future__ import annotations

import pytest

from cleaners.junk import StripConfig
from cleaners.junk.detectors.witnesses import has_witness, is_appeal, is_quotation, is_story_shaped
from cleaners.junk.page.page import Page

STORY = "\n".join(
    (
        "The harbour council voted on Tuesday to widen the eastern quay, ending a dispute that had lasted four years.",
        "Mayor Lena Voss said the work would begin in spring and cost fourteen million crowns of public money.",
        "The opposition wanted the money for schools and announced that it would take the tender to the regional court.",
        "Work on the western quay ended some years ago and ran far over budget, according to the auditor of the town.",
        "Fishermen had blocked the gate for a week in June, saying that dredging would drive the cod away for decades.",
        "The ministry sent a letter in August which demanded a study of the sea bed; the study was never published.",
        "A union leader, Per Holm, said his members would be glad of the jobs but feared builders from abroad.",
        "The governor has promised a rail link to the capital before the end of his term and a visit next month.",
        "Ida Berg, who runs a café there, said she had seen five such plans in thirty years, and none came true.",
        "Surveyors measured the channel twice last winter, when storms allowed, and found shallow water everywhere.",
        "Shopkeepers along the promenade complain about noise, dust and lorries that block the narrow lanes each morning.",
        "Several museums, a theatre and the public library lie within reach of floods that engineers call likely.",
        "Insurance firms expect higher premiums; two shipping lines threaten to leave for ports further north.",
    )
)
FOREIGN = "Biologists taught bees to roll wooden balls for sugar. Young insects played more often than old ones."
BACKGROUND = "Mayor Lena Voss won office in 2028 against Per Holm after the council of Harbour Town had been dissolved."
QUOTATION = '"I will not resign, and nobody can make me do it before the people vote again," the minister said.'


def judge(passage: str, before: str = "", after: str = STORY) -> bool:
    text = f"{STORY}\n{before}{passage}\n{after}"
    start = len(STORY) + 1 + len(before)
    return has_witness(Page(text), start, start + len(passage), StripConfig())


def test_meaning_form_and_place_speak_against_a_passage() -> None:
    assert judge(FOREIGN)
    assert judge(BACKGROUND, before="Related stories\n")
    assert judge(BACKGROUND, before="Harbour Gazette\n3 hours ago\n")
    assert judge(f"{BACKGROUND} Sign up for our newsletter.")
    assert judge(BACKGROUND, after="")


def test_background_and_quotations_stay() -> None:
    assert not judge(BACKGROUND)
    assert not judge(QUOTATION)
    assert not judge(QUOTATION, after="")


def test_a_short_page_tells_nothing_by_its_words() -> None:
    text = f"{STORY.splitlines()[0]}\n{FOREIGN}\n{STORY.splitlines()[1]}"
    start = text.index(FOREIGN)
    assert not has_witness(Page(text), start, start + len(FOREIGN), StripConfig())


@pytest.mark.parametrize(
    ("text", "is_quoted"),
    [
        (QUOTATION, True),
        ("nobody can make me do it.” She left the hall at once with her whole staff.", True),
        (FOREIGN, False),
        ("He called it “a start” and left the hall with the whole staff of the ministry.", False),
    ],
)
def test_quotations_are_known_by_their_marks(text: str, is_quoted: bool) -> None:
    assert is_quotation(text, 0, len(text)) is is_quoted


def test_appeals_are_known_in_several_languages() -> None:
    assert is_appeal("Our journalism needs you. Please make a donation today to support our work.")
    assert is_appeal("Unterstützen Sie uns mit einer Spende und abonnieren Sie unseren Newsletter.")
    assert not is_appeal(STORY)


def test_a_story_has_a_dateline_or_some_length() -> None:
    assert is_story_shaped(f"LISBON, March 3 (Reuters) - {FOREIGN}")
    assert is_story_shaped(STORY)
    assert not is_story_shaped(FOREIGN)
