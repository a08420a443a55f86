from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cleaners.document import make_id, sha256_hex


def test_an_id_never_changes() -> None:
    # Written down: a change here would orphan every published row.
    assert make_id("article", "abc") == "288f602c41e293197fdc9d72"


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_give_different_ids(left: list[str], right: list[str]) -> None:
    assert (make_id(*left) == make_id(*right)) == (left == right)


@given(st.text(alphabet=st.characters()))
def test_any_text_has_a_digest(text: str) -> None:
    assert len(sha256_hex(text)) == 64
