from __future__ import annotations

from flows.progress import announce, listening


def test_only_listeners_of_the_moment_hear() -> None:
    heard: list[tuple[str, int, int]] = []
    announce("strip", 1, 2)
    with listening(lambda *said: heard.append(said)):
        announce("strip", 2, 2)
    announce("match", 1, 1)
    assert heard == [("strip", 2, 2)]
