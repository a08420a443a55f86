"""The versions that made a row: a digest of code, data and settings for each step, so that a change redoes only what it can touch.

Equal on every machine. Gates, the report and the flow are not covered: they never change an article, a cluster or a flag.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from flows.run import Versions
from flows.settings import Settings
from flows.steps.step import STEPS
from flows.store.editors import read_authority, read_decisions

# Libraries whose new version may change an article.
LIBRARIES_THAT_SHAPE_TEXT = ("trafilatura", "htmldate", "lxml", "ftfy", "charset-normalizer", "py3langid")


def find_versions(settings: Settings) -> Versions:
    """The digests of the steps under some settings.

    Raises:
        CopydeskError: the authority file or the decisions cannot be read.
    """
    cleaning = settings.cleaning
    libraries = " ".join(f"{library} {version(library)}" for library in LIBRARIES_THAT_SHAPE_TEXT)
    given: dict[str, tuple[str, ...]] = {
        "extract": (
            libraries,
            cleaning.extract.model_dump_json(),
            cleaning.text.model_dump_json(),
            settings.input.model_dump_json(),
        ),
        "strip": (cleaning.strip.model_dump_json(),),
        "match": (cleaning.near_duplicates.model_dump_json(),),
        "stories": (cleaning.stories.model_dump_json(),),
        "names": (cleaning.names.model_dump_json(), read_authority(settings) or ""),
    }
    digests = {
        step.name: _digest("\0".join((_digest_files("cleaners", step.code), *given.get(step.name, ()))))
        for step in STEPS.values()
        if step.code
    }
    extract, strip = digests.pop("extract"), digests.pop("strip")
    return Versions(extract, strip, {**digests, "decisions": _digest(read_decisions(settings))})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def flow_version() -> str:
    """A digest of the flow's own code: what the intermediate files of an interrupted run depend on besides."""
    return _digest_files("flows", ("",))


@cache
def _digest_files(package: str, beginnings: tuple[str, ...]) -> str:
    """SHA-256 over the names and contents of a package's files whose path begins so."""
    digest = hashlib.sha256()
    for name, file in sorted(_walk(files(package), ""), key=lambda found: found[0]):
        if name.startswith(beginnings):
            content = file.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.is_file():
            yield f"{prefix}{entry.name}", entry
