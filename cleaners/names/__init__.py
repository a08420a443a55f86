"""Names: every person and known organisation of a batch of articles, checked against every other text.

Takes article texts, gives mentions with canonical names and flags with evidence; article text is never rewritten.
Recognise -> forms -> suspects -> verdicts, one module each; word lists, authority file and weights are data files.
"""

from cleaners.names.answer import CheckedNames, normalise_texts
from cleaners.names.authority import AUTHORITY_SCHEMA, core_authority, load_authority
from cleaners.names.check import check_names
from cleaners.names.config import NamesConfig
from cleaners.names.decisions import DECISION_SCHEMA, DECISIONS, REOPEN, Decided, load_decisions, pair_names
from cleaners.names.recognise.mentions import MENTION_SCHEMA, find_mentions

__all__ = [
    "AUTHORITY_SCHEMA",
    "DECISIONS",
    "DECISION_SCHEMA",
    "MENTION_SCHEMA",
    "REOPEN",
    "CheckedNames",
    "Decided",
    "NamesConfig",
    "check_names",
    "core_authority",
    "find_mentions",
    "load_authority",
    "load_decisions",
    "normalise_texts",
    "pair_names",
]
