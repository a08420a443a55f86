"""Details that the report of a run shows in full, each list within a budget of bytes.

Takes a snapshot and a run's articles, gives the articles before and after, the suspected passages, the stories of the day, the
copies of an article side by side, the name flags with their contexts, the names replaced, the rejects, and the sites with their
bands. Reads only the texts it shows; each list knows how many there were in all.
"""

from flows.report.details.articles import view_articles
from flows.report.details.budget import Shown
from flows.report.details.copies import MAX_COMPARED_WORDS, view_copies
from flows.report.details.health import view_health
from flows.report.details.names import view_names
from flows.report.details.rejects import view_rejects
from flows.report.details.replacements import view_replacements
from flows.report.details.stories import view_stories
from flows.report.details.suspected import view_suspected

__all__ = [
    "MAX_COMPARED_WORDS",
    "Shown",
    "view_articles",
    "view_copies",
    "view_health",
    "view_names",
    "view_rejects",
    "view_replacements",
    "view_stories",
    "view_suspected",
]
