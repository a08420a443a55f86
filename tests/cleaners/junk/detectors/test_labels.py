"""Labels of a site: those that lead to headlines are learned, those of the story stay."""

from __future__ import annotations

import pytest

from cleaners.junk import StripConfig, gather_evidence, learn_evidence, strip_articles
from cleaners.junk.evidence.label_counts import list_labels
from cleaners.junk.page.page import Page
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
OPENING = [
    "Le conseil du port a voté mardi l'élargissement du quai est après quatre ans de querelles.",
    "La maire a présenté hier le budget des écoles de la ville devant une salle comble.",
    "Les pêcheurs ont bloqué la grille pendant une semaine au mois de juin dernier.",
    "Un incendie a détruit la nuit dernière le toit de la vieille bibliothèque du port.",
    "Le gouverneur promet depuis des années une ligne de train vers la capitale du pays.",
    "La cour a rejeté vendredi la plainte des riverains contre les travaux du pont.",
]
CLOSING = "Le vote final aura lieu au printemps, selon les membres du conseil présents à la réunion."
HEADLINES = [
    "Les tarifs du ferry vont augmenter",
    "Comment le quai est tombé en ruine",
    "Le phare ouvre aux visiteurs ce samedi",
    "La tempête ferme la route de la côte",
    "Deux écoles fermeront après les vacances",
    "Le marché couvert change de mains",
]


def strip_site(middle: list[str]) -> list[str]:
    rows = [
        make_row(str(number), f"{opening}\n\n{part}\n\n{number} {CLOSING}", site="port.example", language="fr")
        for number, (opening, part) in enumerate(zip(OPENING, middle, strict=True))
    ]
    frame = make_frame(rows)
    evidence = learn_evidence([gather_evidence(frame, CONFIG)], CONFIG)
    return strip_articles(frame, evidence, CONFIG).articles["text"].to_list()


@pytest.mark.parametrize("form", ["Sur nos ondes : {}", "Sur nos ondes\n{}", "Sur nos ondes\n\n{}"])
def test_a_label_with_headlines_behind_it_is_learned_with_them(form: str) -> None:
    texts = strip_site([form.format(headline) for headline in HEADLINES])
    assert not any("Sur nos ondes" in text or headline in text for text, headline in zip(texts, HEADLINES, strict=True))
    assert all(CLOSING in text for text in texts)


@pytest.mark.parametrize(
    "form",
    [
        "Lena Voss : {}, voilà ce que je crois.",
        "Mise à jour : {}",
        "Le contexte\n\n{}, dit la maire, et personne ne sait pourquoi.",
        "Q: {} ?",
    ],
)
def test_speakers_updates_and_subheads_stay(form: str) -> None:
    middle = [form.format(headline) for headline in HEADLINES]
    texts = strip_site(middle)
    assert all(part in text for text, part in zip(texts, middle, strict=True))


def test_a_kicker_above_the_story_is_no_label() -> None:
    text = f"Kommentar: Warum der Kai noch immer fehlt\n\n{OPENING[0]}\n\nLire aussi : {HEADLINES[0]}"
    assert [label.text for label in list_labels(Page(text))] == ["Lire aussi"]
