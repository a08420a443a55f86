"""A path expression to a test of one element: takes XPath that looks at tag and attributes alone, gives a function of the two.

Reads the part of XPath that trafilatura's lists are written in. Its regular expressions are Python's own, which lxml calls for
XPath; called here, without XPath, an element costs a sixth. Removes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import XPath

Attributes = Mapping[str, str]  # in the order of the source
Test = Callable[[str, Attributes], bool]
Text = Callable[[Attributes], str]

TOKEN = re.compile(r"""\s+|('[^']*'|"[^"]*"|@[\w-]+|\.//|\*|\w[\w-]*(?:::?\w[\w-]*)?|[()\[\]|,=])""")


def compile_test(expression: XPath) -> Test:
    """Compile an expression to a test of an element's tag and attributes.

    An expression that takes the first of the elements it finds (`[1]`) passes each that it could take.

    Args:
        expression: such as `.//*[self::div or self::p][contains(@class, 'x')]`, or several of them between bars.

    Raises:
        ValueError: it is written in a part of XPath that is not read here.
    """
    tokens, end = [], 0
    for match in TOKEN.finditer(expression.path):
        if match.start() != end:
            break
        end = match.end()
        tokens += [match[1]] if match[1] else []
    reader = _Reader(tokens if end == len(expression.path) else [])
    test = reader.read_union()
    if reader.next:
        raise reader.fail()
    return test


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._rest: Iterator[str] = iter(tokens)
        self._written = " ".join(tokens)
        self.next = next(self._rest, "")

    def fail(self) -> ValueError:
        return ValueError(f"no test of an element, before {self.next!r}: {self._written}")

    def _take(self, token: str = "") -> str:
        if not self.next or (token and self.next != token):
            raise self.fail()
        taken, self.next = self.next, next(self._rest, "")
        return taken

    def _took(self, token: str) -> bool:
        return self.next == token and bool(self._take())

    def read_union(self) -> Test:
        paths = [self._read_path()]
        while self._took("|"):
            paths.append(self._read_path())
        return _any(paths)

    def _read_path(self) -> Test:
        if self._took("("):
            inner = self.read_union()
            self._take(")")
            return self._read_conditions([inner])
        self._take(".//")
        name = self._take()
        return self._read_conditions([] if name == "*" else [_is_one_of(frozenset({name}))])

    def _read_conditions(self, tests: list[Test]) -> Test:
        while self._took("["):
            if not self._took("1"):
                tests.append(self._read_or())
            self._take("]")
        return _all(tests)

    def _read_or(self) -> Test:
        tests, tags = [], set()
        while True:
            if self.next.startswith("self::"):
                tags.add(self._take().removeprefix("self::"))
            else:
                tests.append(self._read_one())
            if not self._took("or"):
                break
        return _any([*([_is_one_of(frozenset(tags))] if tags else []), *tests])

    def _read_one(self) -> Test:
        if self.next[:1] == "@":
            name = self._take()[1:]
            if not self._took("="):
                return lambda _, attributes: name in attributes
            value = self._read_literal()
            return lambda _, attributes: attributes.get(name) == value
        function = self._take()
        self._take("(")
        if function == "not":
            denied = self._read_or()
            self._take(")")
            return lambda tag, attributes: not denied(tag, attributes)
        text = self._read_text()
        self._take(",")
        value = self._read_literal()
        flags = self._read_literal() if self._took(",") else ""
        self._take(")")
        return self._test_text(function, text, value, flags)

    def _test_text(self, function: str, text: Text, value: str, flags: str) -> Test:
        if function == "contains":
            return lambda _, attributes: value in text(attributes)
        if function == "starts-with":
            return lambda _, attributes: text(attributes).startswith(value)
        if function != "re:test" or flags not in {"", "i"}:
            raise self.fail()
        search = re.compile(value, re.IGNORECASE if flags else 0).search
        return lambda _, attributes: search(text(attributes)) is not None

    def _read_text(self) -> Text:
        if self._took("translate"):
            self._take("(")
            of = self._read_text()
            self._take(",")
            old = self._read_literal()
            self._take(",")
            table = str.maketrans(old, self._read_literal())
            self._take(")")
            return lambda attributes: of(attributes).translate(table)
        names = [self._take()[1:]]
        while self._took("|"):
            names.append(self._take()[1:])
        if len(names) == 1:
            name = names[0]
            return lambda attributes: attributes.get(name, "")

        # Of several attributes XPath reads the one that stands first in the source.
        def read_first(attributes: Attributes) -> str:
            for name in attributes:
                if name in names:
                    return attributes[name]
            return ""

        return read_first

    def _read_literal(self) -> str:
        if self.next[:1] not in {"'", '"'}:
            raise self.fail()
        return self._take()[1:-1]


def _is_one_of(tags: frozenset[str]) -> Test:
    return lambda tag, _: tag in tags


def _any(tests: list[Test]) -> Test:
    def test(tag: str, attributes: Attributes) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs as much as the tests
            if one(tag, attributes):
                return True
        return False

    return tests[0] if len(tests) == 1 else test


def _all(tests: list[Test]) -> Test:
    def test(tag: str, attributes: Attributes) -> bool:
        for one in tests:  # noqa: SIM110 - as above
            if not one(tag, attributes):
                return False
        return True

    return tests[0] if len(tests) == 1 else test
