"""Put removed passages back where they stood, for a person to see.

Takes a cleaned text and its removed spans, gives the extracted text as a list of kept and removed passages; and makes
control characters visible, so that a hostile text can neither steer a terminal nor turn a page's lines round.
"""

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
    """A stretch of the extracted text: kept (rule_id None) or removed by a rule."""

    text: str
    rule_id: str | None = None
    category: str | None = None
    confidence: float | None = None
    salvaged_article_id: str | None = None


def list_passages(cleaned: str, spans: Iterable[Mapping[str, Any]]) -> list[Passage]:
    """The extracted text of an article, passage by passage.

    Args:
        cleaned: the text as published.
        spans: rows of `removed_spans` of this article, in any order.

    Returns:
        Passages in reading order; their texts together are the extracted text.

    Raises:
        CopydeskError: the spans overlap, or reach beyond the text, so they cannot be of this article.
    """
    removed = sorted(spans, key=lambda row: int(row["start"]))
    try:
        extracted = restore(cleaned, [(span["start"], span["text"]) for span in removed])
    except ValueError as error:
        raise CopydeskError(
            f"The removed spans do not fit their article's text: {error}.",
            "The snapshot's files do not belong together; run again from the inputs.",
        ) from error
    passages, at = [], 0
    for span in removed:
        if at < span["start"]:
            passages.append(Passage(extracted[at : span["start"]]))
        passages.append(
            Passage(span["text"], span["rule_id"], span["category"], span["confidence"], span["salvaged_article_id"])
        )
        at = span["start"] + len(span["text"])
    return [*passages, Passage(extracted[at:])] if at < len(extracted) else passages


def visible(text: str) -> str:
    """Text with control, direction and other invisible characters replaced by marks a person can see."""
    return text.translate(_TABLE)


def one_line(text: str, limit: int = 300) -> str:
    """A visible text on one line, cut with an ellipsis beyond `limit` characters."""
    line = " ".join(visible(text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def confidence_mark(confidence: float) -> str:
    """A confidence as two digits after the point: `.95`, `1.0`."""
    return "1.0" if confidence >= 0.995 else f"{confidence:.2f}"[1:]
