"""`python -m bench.quality STEP ...`: predictions on a development set, made by the very functions the flow calls.

Each step treats its whole input as one batch and reads no gold field; the scorers that come with the sets judge the output.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Read the command line and write the predictions of one step."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    contamination = steps.add_parser("contamination", help="which characters of each text are junk")
    contamination.add_argument("documents", type=Path, metavar="IN.jsonl")
    extraction = steps.add_parser("extraction", help="the article body of each page")
    extraction.add_argument("gold", type=Path, metavar="GOLD.json", help="only its ids and urls are read")
    extraction.add_argument("html_dir", type=Path, metavar="HTML_DIR", help="holds ID.html.gz")
    metadata = steps.add_parser("metadata", help="body, title, authors, instant and language of each page")
    metadata.add_argument("gold", type=Path, metavar="GOLD.json", help="only its ids and urls are read")
    metadata.add_argument("html_dir", type=Path, metavar="HTML_DIR", help="holds ID.html.gz")
    dups = steps.add_parser("dups", help="the cluster of copies each article belongs to")
    dups.add_argument("documents", type=Path, metavar="IN.jsonl[.gz]")
    stories = steps.add_parser("stories", help="the story whose event each article tells")
    stories.add_argument("documents", type=Path, metavar="IN.jsonl[.gz]")
    names = steps.add_parser("names", help="the names that do not agree")
    names.add_argument("documents", type=Path, metavar="DOCUMENTS.jsonl")
    names.add_argument("authority", type=Path, metavar="AUTHORITY.csv")
    for step in (contamination, extraction, metadata, dups, stories, names):
        step.add_argument("out", type=Path, metavar="OUT.jsonl")
    arguments = parser.parse_args()

    if arguments.step == "contamination":
        from bench.quality import contamination as step_contamination

        step_contamination.predict(arguments.documents, arguments.out)
    elif arguments.step == "extraction":
        from bench.quality import extraction as step_extraction

        step_extraction.predict(arguments.gold, arguments.html_dir, arguments.out)
    elif arguments.step == "metadata":
        from bench.quality import metadata as step_metadata

        step_metadata.predict(arguments.gold, arguments.html_dir, arguments.out)
    elif arguments.step == "dups":
        from bench.quality import dups as step_dups

        step_dups.predict(arguments.documents, arguments.out)
    elif arguments.step == "stories":
        from bench.quality import stories as step_stories

        step_stories.predict(arguments.documents, arguments.out)
    else:
        from bench.quality import names as step_names

        step_names.predict(arguments.documents, arguments.authority, arguments.out)


if __name__ == "__main__":
    main()
