"""The page of rules: takes nothing, gives every rule and detector that can stand in `removed_spans.rule_id`."""

from __future__ import annotations

from cleaners.junk.detectors import captions, card_lines, cards, credits, labels, owners, templates, widgets
from cleaners.junk.detectors.rules import RuleDescription, load_rules
from cleaners.junk.model import weights


def describe_rules() -> list[RuleDescription]:
    """Rules of the TOML files, then the detectors, in a fixed order; `docs/rules.md` is generated from them."""
    rows = [
        RuleDescription(
            id=rule.id,
            category=rule.category,
            description=rule.description,
            examples=rule.positive,
            any_language=rule.any_language,
        )
        for rule in load_rules()
    ]
    for module in (captions, widgets, cards, card_lines, credits, templates, labels, owners, weights):
        rows += module.DESCRIPTIONS
    return rows
