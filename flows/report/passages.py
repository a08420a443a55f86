"""Put removed passages back where they stood, for a person to see, and mark what is suspected.

Takes a cleaned text and its spans, gives the extracted text as a list of kept, suspected and removed passages; and makes
control characters visible, so that a hostile text can neither steer a terminal nor turn a page's lines round.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cleaners.errors import CopydeskError
from cleaners.junk import restore

# Control characters (new line and tab aside) as their Unicode pictures; what turns or hides text by its code point.
_VISIBLE = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_VISIBLE[0x7F] = 0x2421
_HIDDEN = [*range(0x80, 0xA0), 0x061C, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
_TABLE: dict[int, int | str] = {
    **_VISIBLE,
    **{code: f"⟦U+{code:04X}⟧" for code in (*_HIDDEN, *range(0xD800, 0xE000))},
}


@dataclass(frozen=True)
class Passage:
    """A stretch of the extracted text: kept (rule_id None), removed by a rule, or kept though a rule suspects it (`reason`)."""

    text: str
    rule_id: str | None = None
    category: str | None = None
    confidence: float | None = None
    salvaged_article_id: str | None = None
    reason: str | None = None

    @property
    def is_removed(self) -> bool:
        """Tell whether it is not in the published text."""
        return self.rule_id is not None and self.reason is None


def list_passages(
    cleaned: str, spans: Iterable[Mapping[str, Any]], suspected: Iterable[Mapping[str, Any]] = ()
) -> list[Passage]:
    """The extracted text of an article, passage by passage.

    Args:
        cleaned: the text as published.
        spans: rows of `removed_spans` of this article, in any order.
        suspected: rows of its `suspected_spans`, in any order.

    Returns:
        Passages in reading order; their texts together are the extracted text.

    Raises:
        CopydeskError: the spans overlap, or reach beyond the text, so they cannot be of this article.
    """
    doubts = sorted(suspected, key=lambda row: int(row["start"]))
    if any(cleaned[span["start"] : span["end"]] != span["text"] for span in doubts):
        raise CopydeskError(
            "The suspected spans do not fit their article's text.",
            "The snapshot's files do not belong together; run again from the inputs.",
        )
    removed = sorted(spans, key=lambda row: int(row["start"]))
    try:
        restore(cleaned, [(span["start"], span["text"]) for span in removed])
    except ValueError as error:
        raise CopydeskError(
            f"The removed spans do not fit their article's text: {error}.",
            "The snapshot's files do not belong together; run again from the inputs.",
        ) from error
    passages, at, shift = [], 0, 0  # `shift`: removed characters so far
    for span in removed:
        passages += _split_kept(cleaned, at - shift, span["start"] - shift, doubts)
        passages.append(
            Passage(span["text"], span["rule_id"], span["category"], span["confidence"], span["salvaged_article_id"])
        )
        at = span["start"] + len(span["text"])
        shift += len(span["text"])
    return [*passages, *_split_kept(cleaned, at - shift, len(cleaned), doubts)]


def _split_kept(cleaned: str, start: int, end: int, doubts: list[Mapping[str, Any]]) -> list[Passage]:
    """A kept stretch of the cleaned text, what is suspected of it apart."""
    passages = []
    for span in doubts:
        first, last = max(start, span["start"]), min(end, span["end"])
        if first >= last:
            continue
        if start < first:
            passages.append(Passage(cleaned[start:first]))
        passages.append(
            Passage(
                cleaned[first:last], span["rule_id"], span["likely_category"], span["confidence"], reason=span["reason"]
            )
        )
        start = last
    return [*passages, Passage(cleaned[start:end])] if start < end else passages


def visible(text: str) -> str:
    """Text with control, direction and other invisible characters replaced by marks a person can see."""
    # No character of the table is a printable one.
    return text if text.replace("\n", " ").isprintable() else text.translate(_TABLE)


def one_line(text: str, limit: int = 300) -> str:
    """A visible text on one line, cut with an ellipsis beyond `limit` characters."""
    line = " ".join(visible(text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def confidence_mark(confidence: float) -> str:
    """A confidence as two digits after the point: `.95`, `1.0`."""
    return "1.0" if confidence >= 0.995 else f"{confidence:.2f}"[1:]


def review_commands(output: str | None) -> str:
    """The commands with which an editor decides the open flags, a line each; None leaves the output folder to the settings."""
    where = f" --output {shlex.quote(' '.join(output.split()))}" if output else ""
    return "\n".join(f"copydesk review flags.csv{take}{where}" for take in ("", " --take"))
