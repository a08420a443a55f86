"""Archives with open flags, made by hand: what the desk and the review show, without a run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flows.settings import Settings
from tests.flows.snapshots import Row, article, cluster, flag, mention, suspect, write_snapshot

PEOPLE = [
    ("Philip Cardwell", "Martin Cardwell", "Transport Secretary"),
    ("Ellen Brandt", "Helen Brandt", "Treasury Secretary"),
    ("Owen Pallistor", "Owen Pallister", "Health Secretary"),
]
WIDGET = "Most read today: ten gardens to see before the summer ends"


def make_archive(
    output: Path,
    people: list[tuple[str, str, str]] = PEOPLE,
    *,
    run_id: str = "r1",
    n_widgets: int = 1,
    padding: str = "",
) -> Settings:
    """An archive in which three papers write on each person, one of them wrongly.

    The third paper's last texts hold a widget; `padding` makes every text longer.
    """
    rows: list[Row] = []
    flags, mentions, alike, suspected = [], [], [], []
    for number, (wrong, right, office) in enumerate(people):
        day = datetime(2026, 3, 1 + number % 28, 8, tzinfo=UTC)
        told = [
            f"The strike ended on Friday. {office} {right} thanked the dockers of pier {number}. Ships wait outside.",
            f"Pier {number} opens again, said {office} {right}. Exporters had lost a week.",
            f"Exporters cheered. The offer came from {office} {wrong}, whom pier {number} trusts. {wrong} left early.",
        ]
        papers = [
            article(
                f"{number}-{paper}",
                text,
                site=f"paper{paper}.example",
                title=f"Pier {number}, paper {paper}",
                url=f"https://paper{paper}.example/{number}",
                published_at=day,
            )
            for paper, text in enumerate(told)
        ]
        if number >= len(people) - n_widgets:
            papers[2]["text"] += f"\n{WIDGET}\nThe crane was blue."
            suspected.append(suspect(papers[2], WIDGET))
        copy = article(f"{number}-copy", told[0] + " Agencies.", site="copy.example", title=f"Pier {number}, again")
        witnesses = [row["article_id"] for row in (*papers[:2], copy)]
        evidence = {
            "articles": sorted(witnesses),
            "decided_by": "other texts",
            "support": 2,
            "own_support": 1,
            "roles": [office],
        }
        raised = flag(papers[2], wrong, right, is_error=True, evidence=evidence)
        flags.append(raised | {"confidence": 0.9 - number / 100_000})
        mentions += [mention(row, right, right) for row in (*papers[:2], copy)]
        mentions.append(mention(papers[2], wrong, right, raised["flag_id"]))
        alike += cluster([papers[0], copy])
        rows += [row | {"text": f"{row['text']}\n{padding}" if padding else row["text"]} for row in (*papers, copy)]
    write_snapshot(
        output / "runs" / run_id,
        run_id=run_id,
        articles=rows,
        clusters=alike,
        name_flags=flags,
        name_mentions=mentions,
        suspected_spans=suspected,
    )
    link = output / ".latest"
    link.symlink_to(Path("runs") / run_id)
    link.replace(output / "latest")
    return Settings(output=str(output))
