"""Encodings found, and bytes that are no text refused."""

import codecs
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.decoding import decode_text
from cleaners.errors import Rejected
from cleaners.text import TextConfig, repair_text
from tests.cleaners.languages import (
    ARABIC,
    CHINESE,
    CZECH,
    ENGLISH,
    FRENCH,
    GERMAN,
    GREEK,
    JAPANESE,
    KOREAN,
    RUSSIAN,
    TAIWANESE,
    TURKISH,
)

CONFIG = TextConfig()


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (FRENCH, "cp1252"),
        (GERMAN, "cp1252"),
        (ENGLISH, "cp1252"),
        (CZECH, "cp1250"),
        (TURKISH, "cp1254"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (GREEK, "cp1253"),
        (ARABIC, "cp1256"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gb18030"),
        (TAIWANESE, "big5"),
        (KOREAN, "euc_kr"),
    ],
)
@pytest.mark.parametrize("times", [1, 60])
def test_encodings_without_a_declaration_are_found(text, codec, times):
    whole = "\n".join([text] * times)
    assert decode_text(whole.encode(codec), CONFIG) == whole


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [ENGLISH, FRENCH])
def test_unicode_encodings_are_found_with_and_without_a_mark(text, codec):
    assert decode_text(text.encode(codec), CONFIG) == text


@pytest.mark.parametrize("label", ["iso-8859-5", "cp866", "ISO-8859-5 "])
def test_a_declared_encoding_is_believed_when_the_bytes_are_no_utf8(label):
    text = "Мост"
    assert decode_text(text.encode(label.strip()), CONFIG, declared=label) == text


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="{}">',
        '<META http-equiv="Content-Type" content="text/html; charset={}">',
        "<?xml encoding='{}'?>",
    ],
)
def test_the_declaration_of_a_page_is_read(head):
    page = f"<html><head>{head.format('iso-8859-7')}</head><body>Γέφυρα</body></html>"
    assert decode_text(page.encode("iso-8859-7"), CONFIG) == page


def test_the_http_header_outranks_the_page():
    page = '<meta charset="koi8-r"><p>Мост</p>'
    assert decode_text(page.encode("cp1251"), CONFIG, declared="windows-1251") == page


def test_valid_utf8_outranks_a_wrong_declaration():
    page = f'<meta charset="iso-8859-1"><p>{FRENCH}</p>'
    assert decode_text(page.encode(), CONFIG, declared="latin1") == page


def test_latin1_means_windows_1252_as_in_browsers():
    assert decode_text(b"<meta charset=iso-8859-1>\x93caf\xe9\x94 \x81", CONFIG).startswith(
        "<meta charset=iso-8859-1>“café”"
    )


@pytest.mark.parametrize("label", ["no-such-charset", "base64", "unicode_escape", "utf-16", "", "\x00"])
def test_a_declaration_that_is_none_is_passed_over(label):
    assert decode_text(rb"caf\u00e9 and more " + "café".encode(), CONFIG, declared=label) == r"caf\u00e9 and more café"


def test_a_few_broken_bytes_do_not_cost_the_rest_its_utf8():
    data = (FRENCH * 3).encode() + b" \x93pasted\x94 " + GERMAN.encode()[:13]
    text = decode_text(data, CONFIG)
    assert text.startswith(FRENCH * 3)
    assert "“pasted”" in text


@pytest.mark.parametrize("data", [b"", b" \n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE + " \n".encode("utf-16-le")])
def test_nothing_is_empty(data):
    with pytest.raises(Rejected) as caught:
        decode_text(data, CONFIG)
    assert (caught.value.stage, caught.value.reason) == ("read", "empty")


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7 text", b"PK\x03\x04rest", b"\x89PNG\r\n", b"\x1f\x8b\x08", bytes(range(256)) * 8, b"\x00\x01\x02" * 99],
)
def test_binary_is_refused(data):
    with pytest.raises(Rejected) as caught:
        decode_text(data, CONFIG)
    assert caught.value.reason == "binary"


def test_a_stray_nul_does_not_make_a_text_binary():
    data = (ENGLISH * 3).encode() + b"\x00"
    assert repair_text(decode_text(data, CONFIG), CONFIG) == ENGLISH * 3


@given(st.binary(max_size=400))
@example(os.urandom(4_000))
def test_any_bytes_are_text_or_refused(data):
    try:
        text = decode_text(data, CONFIG)
    except Rejected as reject:
        assert reject.reason in {"empty", "binary", "undecodable"}
    else:
        assert isinstance(text, str)
        repair_text(text, CONFIG).encode("utf-8")


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text and text.strip()))
def test_utf8_comes_back_as_it_was(text):
    data = text.encode("utf-8", "ignore")
    try:
        decoded = decode_text(data, CONFIG)
    except Rejected as reject:
        assert reject.reason in {"empty", "binary"}
    else:
        if "\x1b" not in text:
            assert decoded == data.decode().removeprefix("\ufeff")
