"""Encodings found, mojibake repaired, and nothing changed that was right."""

import codecs
import os
import unicodedata
from pathlib import Path

import pytest
from ftfy import fix_encoding
from ftfy.badness import MOJIBAKE_CATEGORIES
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.errors import Rejected
from cleaners.text import TextConfig, decode_text, drop_surrogates, repair_text

CONFIG = TextConfig()
SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))

FRENCH = "Le maire d’Aubermont a déclaré lundi que l’accord était « historique », après des mois de négociations."
GERMAN = "Der Bürgermeister äußerte sich am Montag über die Brücke in Köln: „Wir müssen größere Schäden befürchten.“"
ENGLISH = "The café’s owner said “we won’t close” – a pledge that cost £4,000 a week, paid in full by the council."
CZECH = (
    "Starosta uvedl, že město schválilo nový rozpočet. Příští týden o něm bude jednat rada, žádné změny se nečekají."
)
TURKISH = "Belediye başkanı pazartesi günü yeni köprünün açılışında konuştu ve işsizliğin düştüğünü söyledi."
RUSSIAN = "Мэр города заявил в понедельник, что новый мост откроют на следующей неделе, сообщает агентство."
GREEK = "Ο δήμαρχος ανακοίνωσε τη Δευτέρα ότι η νέα γέφυρα θα ανοίξει την επόμενη εβδομάδα."
JAPANESE = "市長は月曜日、新しい橋が来週開通すると発表した。記者会見で「安全を最優先する」と述べた。"
CHINESE = "市长星期一宣布，新桥将于下周通车。他在记者会上表示，安全是第一位的，市民反应积极。"
TAIWANESE = "市長星期一宣布，新橋將於下週通車。他在記者會上表示，安全是第一位的，市民反應積極。"
KOREAN = "시장은 월요일 새 다리가 다음 주에 개통된다고 발표했다. 그는 기자회견에서 안전이 최우선이라고 말했다."
ARABIC = "أعلن رئيس البلدية يوم الاثنين أن الجسر الجديد سيفتح الأسبوع المقبل، وقال إن السلامة تأتي أولا."


# ---- decoding


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


# ---- repair


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem[:3])
def test_the_seeds_pass_unchanged(seed):
    text = seed.read_bytes().decode("utf-8")
    assert decode_text(seed.read_bytes(), CONFIG) == text
    assert repair_text(text, CONFIG) == text


@pytest.mark.parametrize(
    "text", [FRENCH, GERMAN, CZECH, TURKISH, RUSSIAN, GREEK, JAPANESE, CHINESE, TAIWANESE, KOREAN, ARABIC]
)
def test_text_that_is_right_stays(text):
    assert repair_text(text, CONFIG) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "kept",
    [
        "‘single’ “double” «guillemets» – dash — … ·",
        "ﬁrst ﬂoor",
        "Ｆｕｌｌ　ｗｉｄｔｈ ﾊﾝｶｸ",
        "10\u00a0000\u202f€, thin\u2009space",
        "a < b, AT&T & Sons, R&D;",
        "family 👨\u200d👩\u200d👧, flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿, heart ❤️",
        "می\u200cخواهم and क\u094d\u200dष",
        "tab\tand\n\nlines\n",
    ],
)
def test_what_has_a_meaning_is_left_alone(kept):
    assert repair_text(kept, CONFIG) == kept


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("Nvidiaâ€™s chips", "Nvidia’s chips"),
        ("â€œcafÃ©â€\x9d", "“café”"),
        (RUSSIAN.encode().decode("latin-1"), RUSSIAN),
        ("cafe\u0301", "café"),
        ("one\r\ntwo\rthree\u2028four\u2029five\x0bsix\x0cseven", "one\ntwo\nthree\nfour\nfive\nsix\nseven"),
        ("\ufeffstart zero\u200bwidth soft\u00adhyphen word\u2060joiner", "start zerowidth softhyphen wordjoiner"),
        ("\u202eright\u202c to \u2066left\u2069\u200e", "right to left"),
        ("nul\x00 bell\x07 escape\x1b[31mred\x1b[0m", "nul bell escapered"),
        ("pair \ud83d\ude00 lone \ud83d end", "pair 😀 lone  end"),
        ("join\u200ded stray\u200c", "joined stray"),
        ("wait\x85 \x93quoted\x94", "wait… “quoted”"),
        ("non\ufffecharacter \U000e0041tag", "noncharacter tag"),
    ],
)
def test_what_is_broken_is_repaired(broken, right):
    assert repair_text(broken, CONFIG) == right


def test_mojibake_repair_can_be_turned_off():
    assert repair_text("Nvidiaâ€™s", TextConfig(repair_mojibake=False)) == "Nvidiaâ€™s"


MESSY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "â€™œÃ©¢\x9d\x80\u200b\u200c\u200d\u202e\ufeff\r\n\x00\x1b[m\u0301\ud83d\ude00\U0001f3f4\U000e0067"
        ),
    ),
    max_size=60,
)


@given(MESSY)
def test_repair_is_idempotent_and_leaves_nothing_invisible(text):
    once = repair_text(text, CONFIG)
    assert repair_text(once, CONFIG) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode("utf-8")
    assert not [c for c in once if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert not set(once) & set("\r\u200b\u200e\u200f\u202a\u202e\u2066\ufeff\u00ad")


# Parts of ftfy's pattern of mojibake, among plain words and line ends.
SUSPECT = st.text(
    st.sampled_from("".join(map(str, MOJIBAKE_CATEGORIES.values())) + 4 * "ÂÃâ€™ВГΒβÎØÙà√ aZz.1\n"), max_size=40
)


@given(st.text("aZ1 \n.,'“”‘’–—…\u00a0", max_size=12))
def test_a_text_of_plain_characters_and_typographic_marks_stays(text):
    assert repair_text(text, CONFIG) == text
    assert [fix_encoding(line) for line in text.split("\n")] == text.split("\n")


@given(SUSPECT)
@example("a line.\n\u00c2 begins with one that is alone")
def test_no_line_that_ftfy_would_repair_is_passed_over(text):
    once = repair_text(text, CONFIG)
    assert [fix_encoding(line) for line in once.split("\n")] == once.split("\n")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_without_surrogates_keep_every_character_of_theirs(text):
    assert drop_surrogates(text) == text
    assert drop_surrogates(text + "\udc00") == text


# ---- left-over markup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The quay opens.<br><br/>It closes at six.", "The quay opens.\n\nIt closes at six."),
        ("<p>The quay opens.</p><p class='x'>It closes.</p>", "\n\nThe quay opens.\n\nIt closes.\n\n"),
        ("fish&nbsp;&amp; chips&#39; price&#8217;s", "fish & chips' price’s"),
        ('A <b>bold</b> <a href="https://a.example/?x=1&amp;y=2">link</a>.', "A bold link."),
        ("one&lt;br&gt;two", "one\ntwo"),
    ],
)
def test_left_over_markup_is_repaired(text, expected):
    assert repair_text(text, CONFIG) == expected
    assert repair_text(expected, CONFIG) == expected
    assert repair_text(text, TextConfig(repair_markup=False)) == text


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > c; AT&T; R&D",
        "if (a < b) { return x &amp;&amp; y; }",
        "The <br> tag breaks a line.",
        'He typed "<b>" and left.',
        "a List<p> of x <b and c> d",
        "The company &more; a <3 for you",
    ],
)
def test_code_and_comparisons_stay(text):
    assert repair_text(text, CONFIG) == text
