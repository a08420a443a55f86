"""A function of a library with a part exchanged, the library as it was."""

import json

import pytest

from cleaners.extract.engine.rebind import rebind


def test_the_part_is_exchanged_in_the_copy_alone():
    quiet = rebind(json.dumps, JSONEncoder=lambda **options: type("Quiet", (), {"encode": lambda self, obj: "quiet"})())
    assert quiet({"a": 1}, indent=2) == "quiet"
    assert json.loads(json.dumps({"a": 1}, indent=2)) == {"a": 1}


def test_defaults_are_kept():
    assert rebind(json.loads, JSONDecoder=json.JSONDecoder)("[1]") == [1]


def test_a_name_that_the_module_does_not_have_is_an_error():
    with pytest.raises(AttributeError, match="dumps reads no encode_all"):
        rebind(json.dumps, encode_all=None)
