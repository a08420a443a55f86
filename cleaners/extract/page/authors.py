"""Who wrote a page: takes the fields in which it names its writers, gives people, each once; an office where nobody is named.

Tells people from outlets, agencies, desks, places and logins; splits a field that names several.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from cleaners.extract.page.evidence import DOMAIN, Names, clean, is_site, key_of, list_words, words_of
from cleaners.extract.page.json_ld import MAX_DEPTH, Node, list_strings, list_types

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_CHARACTERS = 400  # of a field of authors
MAX_AUTHORS = 30
MAX_NAME_CHARACTERS, MAX_NAME_WORDS = 80, 6
ORGANISATION = re.compile(r"Organi[sz]ation|Corporation|Publisher|Brand|WebSite$")
IN_BRACKETS = re.compile(r"\s{0,20}[(\[][^()\[\]]{0,80}[)\]]\s{0,20}")
SEPARATOR = re.compile(r"\s{0,20}[;,、；，|/•·&+]\s{0,20}|\s{1,20}[-–—]\s{1,20}")
CODE = re.compile(r"\d|[@_#<>{}=\\]|https?:|(?:\w{1,40}-){3}")
SLUG = re.compile(r"[a-z]{2,20}(?:[-_.][a-z]{2,20}){1,3}")
BIO_BEHIND = re.compile(r"(?<!\s)\s++(?:is an?|was an?|is the|has been|covers|writes|reports)\s.*", re.S)
# A script without upper case says nothing by its first letters.
CASELESS = re.compile(r"[^\W\d_]")
MAX_ALONE = 40  # paragraphs below the headline that are looked at for a name alone
MAX_LEAD_CHARACTERS = 200  # of the first paragraph of the story, at least


class Named(NamedTuple):
    """The people of one field, or the offices where it names nobody."""

    people: tuple[str, ...]
    offices: tuple[str, ...]
    is_organisation: bool = False  # the page itself calls it one


class Authors(NamedTuple):
    """The authors of a page with their source, and the doubts about them."""

    names: list[str]
    source: str | None
    doubts: tuple[str, ...]
    are_people: bool


class Field(NamedTuple):
    """What one source names."""

    named: Named
    source: str


def choose_authors(fields: Iterable[Field], tree: HtmlElement) -> Authors:
    """Choose the authors among what the sources of a page name.

    Args:
        fields: the surest source first; read only as far as needed.
        tree: the parsed page; it is not changed.

    Returns:
        The names of the first source that names people; of none does, the office that the first source names.
    """
    offices: Field | None = None
    for field in fields:
        if field.named.people:
            return Authors(_each_once(field.named.people), field.source, (), are_people=True)
        if field.named.offices and offices is None:
            offices = field
    if offices is None:
        return Authors([], None, (), are_people=False)
    if not offices.named.is_organisation and _has_name_alone(tree):
        return Authors([], None, ("byline_unread",), are_people=False)
    return Authors(_each_once(offices.named.offices), offices.source, ("author_is_outlet",), are_people=False)


def read_nodes(nodes: Sequence[Node], articles: Sequence[Node], names: Names) -> Named:
    """The authors whom the JSON-LD of a page names.

    Args:
        nodes: all its objects, to which an article can refer.
        articles: the objects that describe the page's own article.
        names: what the site is called.
    """
    known = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    stated: list[tuple[str, bool]] = []  # in the page's order, with whether it is a person
    organisations: list[str] = []
    for article in articles:
        for author in _list_authors(article.get("author") or article.get("creator"), known):
            types = list_types(author)
            if any(map(ORGANISATION.search, types)) and "Person" not in types:
                organisations += _names_of(author)
                continue
            for name in _names_of(author):
                named = read_names(name, names)
                stated += [(person, True) for person in named.people] or [(office, False) for office in named.offices]
    if any(is_person for _, is_person in stated):
        # What stands beside people as their like stays: an agency, a team.
        return Named(tuple(_each_once(name for name, _ in stated)), ())
    offices = _each_once([*organisations, *(name for name, _ in stated)])
    return Named((), tuple(offices), is_organisation=bool(organisations))


def read_field(values: Iterable[str], names: Names) -> Named:
    """The authors in the values of one meta; an office beside people is left out there."""
    read = [read_names(value, names) for value in values]
    people = _without_single([name for named in read for name in named.people])
    offices = [name for named in read for name in named.offices] if not people else []
    return Named(tuple(_each_once(people)), tuple(_each_once(offices)))


def read_element(text: str, names: Names) -> Named:
    """The authors in an element of the page; a single word there is the label of a button as often as a name."""
    named = read_field(text.split(";"), names)
    return Named(tuple(name for name in named.people if len(name.split()) > 1 or not name.isascii()), named.offices)


def read_names(text: str, names: Names) -> Named:
    """Split a field into names.

    Args:
        text: `By Ann Lee, Bo Okafor and Cy Dahl`, `Ann Lee (ale)`, `ann-lee`.
        names: what the site is called.

    Returns:
        Its people; where nobody in it is one, the whole as an office. Codes, logins and addresses are neither.
    """
    if "://" in text:
        return Named((), ())
    text = BIO_BEHIND.sub("", _without_introduction(clean(IN_BRACKETS.sub(" ", text[:MAX_CHARACTERS])) or ""))
    if not text:
        return Named((), ())
    parts = [part for part in _split(text) if part]
    people = [name for part in parts if (name := _as_person(part, names))]
    if people := _without_single(people):
        return Named(tuple(people[:MAX_AUTHORS]), ())
    whole = text.strip(" .,;|-–")
    is_code = CODE.search(whole) or (
        whole == whole.casefold() and not DOMAIN.fullmatch(whole) and whole != whole.upper()
    )
    return Named((), () if is_code or len(whole) > MAX_NAME_CHARACTERS else (whole,))


def _without_single(people: list[str]) -> list[str]:
    """Leave out single words beside whole names: towns, codes, agencies. Scripts without blanks have only such."""
    several = [name for name in people if len(name.split()) > 1]
    return several or people


def _each_once(names: Iterable[str]) -> list[str]:
    """Each name once, whatever its case and marks; the first way of writing counts."""
    return list({key_of(name): name for name in reversed(list(names))}.values())[::-1]


def _list_authors(value: object, known: dict[str, Node], depth: int = 0) -> Iterator[Node]:
    """The objects of a field of authors, references followed and strings made objects."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for part in value[:MAX_AUTHORS]:
            yield from _list_authors(part, known, depth + 1)
    elif isinstance(value, str):
        yield known.get(value) or {"name": value}
    elif isinstance(value, dict):
        found = known.get(str(value.get("@id")))
        yield value if found is None or "name" in value else found


def _names_of(author: Node) -> list[str]:
    """The names that an object of JSON-LD has: its name, else given and family name, else its byline."""
    if named := [name for name in map(clean, list_strings(author.get("name"))) if name]:
        return named
    parts = [*list_strings(author.get("givenName")), *list_strings(author.get("familyName"))]
    return [" ".join(parts)] if parts else list_strings(author.get("byline"))


def _split(text: str) -> list[str]:
    parts: list[str] = []
    conjunctions = list_words("conjunctions")
    for part in SEPARATOR.split(text):
        words: list[str] = []
        for word in part.split():
            # `e` and `y` also stand within a name: only between whole names do they part two.
            if word.casefold() in conjunctions and word == word.casefold() and (len(word) > 1 or len(words) > 1):
                parts.append(" ".join(words))
                words = []
            else:
                words.append(word)
        parts.append(" ".join(words))
    return [_without_introduction(part.strip(" .:")) for part in parts]


def _without_introduction(text: str) -> str:
    """Cut `By`, `Autor:` and the like from the beginning, also several."""
    pattern = _introductions()
    while match := pattern.match(text):
        text = text[match.end() :]
    return text


@cache
def _introductions() -> re.Pattern[str]:
    words = sorted(list_words("introductions"), key=len, reverse=True)
    spaced = "|".join(re.escape(word) for word in words)
    return re.compile(rf"(?i)[\W_]{{0,10}}(?:{spaced})(?:\s{{0,10}}[:：]\s{{0,10}}|\s{{1,10}})(?=\S)")


def _as_person(part: str, names: Names) -> str | None:
    """The name of a person; null for what is none."""
    if SLUG.fullmatch(part) and not is_site(part, names) and not _is_desk(part):
        part = " ".join(word.capitalize() for word in re.split(r"[-_.]", part))
        return part if key_of(part) not in names.keys else None
    words = part.split()
    if not words or len(words) > MAX_NAME_WORDS or len(part) > MAX_NAME_CHARACTERS or CODE.search(part):
        return None
    if not CASELESS.search(part) or DOMAIN.search(part.replace(". ", " ")) or is_site(part, names) or _is_desk(part):
        return None
    if part.casefold() in list_words("tasks") or key_of(part) in _agencies():
        return None
    if len(words) > 1 and words[0] == words[0].upper() and key_of(words[0]) in names.keys | _agencies():
        return None  # `MDR Sachsen`
    particles = list_words("particles")
    small = [word for word in words if word[0] != word[0].upper() and word.casefold() not in particles]
    if small and (len(small) > 1 or words[0] in small):
        return None
    if len(words) == 1 and (part != part.capitalize() and part.isascii()):
        return None  # a code or an acronym
    return part


def _is_desk(part: str) -> bool:
    desks, words = list_words("desks"), words_of(part)
    is_thing = len(words) > 1 and words[0] in list_words("articles_of_things")
    return is_thing or not desks.isdisjoint(words) or part.casefold() in desks


@cache
def _agencies() -> frozenset[str]:
    table = tomllib.loads((files("cleaners") / "rules" / "agencies.toml").read_text(encoding="utf-8"))
    return frozenset(key_of(name) for row in table["agencies"] for name in (row["name"], *row["also"]))


def _has_name_alone(tree: HtmlElement) -> bool:
    """Tell whether a name stands alone between headline and story: a byline that says no more."""
    headline = tree.find(".//h1")
    if headline is None:
        return False
    for element in headline.xpath("following::p[position() <= $most]", most=MAX_ALONE):
        text = clean(element.text_content()) or ""
        if len(text) >= MAX_LEAD_CHARACTERS:
            return False
        parts = _split(text) if len(text) <= MAX_NAME_CHARACTERS and element.find(".//a") is None else []
        if parts and all(_is_whole_name(part) for part in parts):
            return True
    return False


def _is_whole_name(part: str) -> bool:
    words = part.split()
    return 2 <= len(words) <= 4 and all(w[0].isupper() and w.isalpha() for w in words) and not _is_desk(part)
