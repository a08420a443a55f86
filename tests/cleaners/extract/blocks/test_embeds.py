"""Embedded posts: known by the networks' embed codes or by a handle, in any language; quotations stay."""

import pytest
from lxml.html import document_fromstring

from cleaners.extract.blocks.blocks import split_blocks
from cleaners.extract.blocks.embeds import find_embeds

CODED = "<div class='instagram-media'><p>Ferie ved havet</p></div>"
SIGNED = "<blockquote><p>Der Wurm hat gewonnen.</p>— Hafen (@hafen) <a href='https://post.example/1'>13. Mai</a></blockquote>"
QUOTED = "<blockquote><p>The piles are no longer fit to carry vehicles.</p></blockquote>"


@pytest.mark.parametrize(("html", "n"), [(CODED, 1), (SIGNED, 2), (QUOTED, 0)])
def test_posts_are_found_and_quotations_are_not(html: str, n: int) -> None:
    page = split_blocks(
        document_fromstring(f"<body><p>Before it.</p>{html}<p>After it, Ann (@ann) said so.</p></body>")
    )
    found = find_embeds(page, 0, len(page.blocks))
    assert found.sum() == n
    assert not found[0]
    assert not found[-1]
