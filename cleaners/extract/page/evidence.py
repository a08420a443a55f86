"""Values with their sources: what the modules of metadata hand to each other. Takes and removes nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

SPACES = re.compile(r"\s+")
DOMAIN = re.compile(r"(?i)\b(?:www\.)?[\w-]{2,40}(?:\.[\w-]{2,40}){0,3}\.[a-z]{2,10}\b")
MAX_NAME_WORDS = 6  # of a site's name
MIN_PART = 7  # letters of a name that is a part of the site's: fewer are a common word


class Value(NamedTuple):
    """One value and the source that gave it, a code of `METADATA_SOURCES`."""

    value: str
    source: str


class Names(NamedTuple):
    """What a site is called: keys (`key_of`) of its names, and the words in them."""

    keys: frozenset[str]
    words: frozenset[str]


def clean(value: str | None) -> str | None:
    """One line without white space around it; null where nothing is left."""
    return SPACES.sub(" ", value or "").strip() or None


def key_of(name: str) -> str:
    """The letters and digits of a name in small letters: the same for `Mona Lund`, `mona-lund` and `MONA LUND`."""
    return "".join(filter(str.isalnum, name.casefold()))


def words_of(text: str) -> list[str]:
    """The words of a text in small letters."""
    return re.findall(r"\w+", text.casefold())


def name_site(names: Iterable[str | None], hosts: Iterable[str | None]) -> Names:
    """Collect what a site is called.

    Args:
        names: as the page gives them: `The Harbour Post`.
        hosts: of its addresses: `harbourpost.example`.
    """
    keys, words, articles = set(), set(), list_words("articles")
    for name in filter(None, names):
        own = words_of(name[:200])
        while own and own[0] in articles and len(own) > 1:
            del own[0]
        keys |= {key_of(name[:200]), "".join(own)}
        words |= set(own)
    for host in filter(None, hosts):
        label = site_label(host)
        keys |= {key_of(host), key_of(label)}
        words |= {label, *label.split("-")}
    return Names(frozenset(filter(None, keys)), frozenset(words - articles))


def site_label(host: str) -> str:
    """The part of a host that names the site: `harbourpost` of `news.harbourpost.co.uk`."""
    labels = host.split(".")[:-1]
    while len(labels) > 1 and len(labels[-1]) <= 3:  # `co`, `com`, `org` before the country
        labels.pop()
    return labels[-1] if labels else host


def is_site(text: str, names: Names) -> bool:
    """Tell whether a few words name the site: one of its names, its domain, or nothing but words of its names."""
    own = [word for word in words_of(text[:200]) if word not in list_words("articles")]
    if not own or key_of(text[:200]) in names.keys or "".join(own) in names.keys:
        return bool(own)
    if any(key_of(domain[0].casefold().removeprefix("www.")) in names.keys for domain in DOMAIN.finditer(text[:200])):
        return True
    named = set(own) - list_words("of_outlets")
    return bool(named) and named <= names.words


def has_name(text: str, names: Names) -> bool:
    """Tell whether a few words name the site, or hold its name among others: `Harbour Post of the North`.

    A name that its address says with more is one too: `Harbour Post` of `harbourpostnews.example`.
    """
    own = words_of(text[:200])
    if is_site(text, names):
        return True
    key = "".join(own)
    if len(key) >= MIN_PART and any(one.startswith(key) or one.endswith(key) for one in names.keys):
        return True
    return len(own) <= MAX_NAME_WORDS and any(len(word) > 3 and word in names.keys for word in own)


@cache
def list_words(name: str) -> frozenset[str]:
    """A list of `rules/page_names.toml`, in small letters."""
    table = tomllib.loads((files("cleaners") / "rules" / "page_names.toml").read_text(encoding="utf-8"))
    return frozenset(word.casefold() for word in table[name])
