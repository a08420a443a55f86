"""Stories: which articles tell one event in different words, and which events are one running story.

Takes the canonical articles of near-duplicate clusters, gives each a story and an event; removes nothing. Terms -> frequencies ->
likeness -> window -> grouping, one module each.
"""

from cleaners.stories.config import StoriesConfig
from cleaners.stories.frequencies import Frequencies
from cleaners.stories.grouping import Arrival, Grouper, Placed, group_articles
from cleaners.stories.terms import read_terms

__all__ = ["Arrival", "Frequencies", "Grouper", "Placed", "StoriesConfig", "group_articles", "read_terms"]
