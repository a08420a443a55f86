"""Strip and salvage: everything that is not the story is cut, with a reason; a story inside another becomes its own."""

from cleaners.junk.config import StripConfig
from cleaners.junk.describe import describe_rules
from cleaners.junk.detectors.rules import Rule, RuleDescription, load_rules
from cleaners.junk.evidence.counts import learn_evidence
from cleaners.junk.evidence.gather import gather_evidence
from cleaners.junk.page.splice import restore, splice
from cleaners.junk.strip import Stripped, strip_articles

__all__ = [
    "Rule",
    "RuleDescription",
    "StripConfig",
    "Stripped",
    "describe_rules",
    "gather_evidence",
    "learn_evidence",
    "load_rules",
    "restore",
    "splice",
    "strip_articles",
]
