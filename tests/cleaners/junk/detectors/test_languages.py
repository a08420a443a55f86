"""Other languages lose only what needs no English; English is known by its words, whatever the page says."""

import polars as pl
import pytest

from cleaners.junk import StripConfig, gather_evidence, learn_evidence, load_rules, strip_articles
from cleaners.junk.detectors.cohesion import share_own
from cleaners.junk.detectors.languages import OTHER_LANGUAGE, is_english
from cleaners.junk.page.page import Page
from cleaners.junk.page.tokens import tokenize
from tests.cleaners.junk.conftest import make_frame, make_row

CONFIG = StripConfig()
TEXTS = {
    "en": "The harbour board voted on Tuesday to rebuild the eastern quay, which has been closed since a storm in March.\n"
    "The ferry will sail from the fish market until the work is done, the harbour master said when he met the press.",
    "de": "Die Hafenbehörde hat am Dienstag beschlossen, den östlichen Kai neu zu bauen, der seit einem Sturm im März "
    "gesperrt ist.\nDie Fähre fährt bis zum Ende der Arbeiten vom Fischmarkt ab, sagte der Hafenmeister, als er die Presse "
    "traf. Es war der schwerste Sturm seit dem Jahr 1990, und die Stadt will nun auch die Mole erneuern lassen.",
    "fr": "Le conseil du port a décidé mardi de reconstruire le quai est, fermé depuis une tempête en mars.\nLe bac partira du "
    "marché aux poissons jusqu'à la fin des travaux, a dit le capitaine du port lors d'une rencontre avec la presse. On "
    "attend le rapport des ingénieurs pour la fin du mois, mais le budget est déjà voté.",
    "es": "La junta del puerto decidió el martes reconstruir el muelle oriental, cerrado desde una tormenta en marzo.\nEl "
    "transbordador saldrá del mercado de pescado hasta que terminen las obras, dijo el capitán del puerto cuando se "
    "reunió con la prensa. No hay fecha para la reapertura, pero he aquí el plan que se ha presentado al pueblo.",
    "nl": "Het havenbestuur besloot dinsdag de oostelijke kade te herbouwen, die sinds een storm in maart is gesloten.\nDe "
    "veerboot vertrekt tot het einde van het werk van de vismarkt, zei de havenmeester toen hij de pers ontmoette. Het "
    "was de zwaarste storm in jaren, en of de kade dit jaar nog open gaat, is de vraag die men over had.",
    "da": "Havnebestyrelsen besluttede tirsdag at genopbygge den østlige kaj, som har været lukket siden en storm i marts.\n"
    "Færgen sejler fra fiskemarkedet, til arbejdet er færdigt, sagde havnemesteren, da han mødte pressen. Det var den "
    "værste storm i mange år, og byen har afsat penge for at sikre den gamle mole ved siden af.",
    "zh": "港口委员会周二决定重建东码头，该码头自三月的一场风暴以来一直关闭。\n渡轮在工程结束之前将从鱼市场出发，港务长在会见记者时说。"
    "这是多年来最严重的一场风暴，市政府还打算修复旧防波堤。",
    "ar": "قرر مجلس الميناء يوم الثلاثاء إعادة بناء الرصيف الشرقي المغلق منذ عاصفة في مارس.\nستنطلق العبارة من سوق السمك حتى "
    "انتهاء الأعمال، كما قال مدير الميناء عندما التقى الصحافة. كانت هذه أسوأ عاصفة منذ سنوات، وتعتزم المدينة إصلاح "
    "الحاجز القديم أيضا قبل نهاية السنة المقبلة.",
    "ru": "Совет порта во вторник решил восстановить восточный причал, закрытый после шторма в марте.\nПаром будет отходить от "
    "рыбного рынка до окончания работ, сказал капитан порта на встрече с прессой. Это был самый сильный шторм за многие "
    "годы, и город намерен отремонтировать также старый мол.",
}
OTHERS = sorted(set(TEXTS) - {"en"})
BANNER = "Sign up for our newsletter and get the latest news in your inbox."
TAGS = "#harbour #ferry #storm"


def stripped(text: str, config: StripConfig = CONFIG, **values: object) -> dict[str, list[str]]:
    result = strip_articles(make_frame([make_row("a", text, **values)]), None, config)
    return {
        "text": result.articles["text"].to_list(),
        "removed": result.removed_spans["text"].str.strip_chars().to_list(),
        "suspected": result.suspected_spans["text"].to_list(),
        "reasons": result.suspected_spans["reason"].to_list(),
    }


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("said", [None, "en", "same"])
def test_an_english_rule_cuts_nothing_by_itself_in_other_languages(language: str, said: str | None) -> None:
    text = f"{TEXTS[language]}\n{BANNER}\nAdvertisement"
    found = stripped(
        text, CONFIG.model_copy(update={"use_learned_layer": False}), language=language if said == "same" else said
    )
    assert found["text"] == [text]
    assert found["suspected"] == [BANNER, "Advertisement"]
    assert set(found["reasons"]) == {OTHER_LANGUAGE}


@pytest.mark.parametrize("language", OTHERS)
def test_the_learned_layer_may_confirm_it_and_leaves_the_story(language: str) -> None:
    found = stripped(f"{TEXTS[language]}\n{BANNER}\nAdvertisement", language=language)
    assert found["text"][0].startswith(TEXTS[language])
    assert {*found["removed"], *found["suspected"]} == {BANNER, "Advertisement"}


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_lose_hashtags_buttons_of_networks_and_credits(language: str) -> None:
    text = f"Facebook Twitter WhatsApp\n{TEXTS[language]}\n[Ana Lund/AP]\n{TAGS}"
    found = stripped(text, language=language)
    assert found["text"] == [TEXTS[language]]
    assert found["removed"] == ["Facebook Twitter WhatsApp", "[Ana Lund/AP]", TAGS]


@pytest.mark.parametrize("language", OTHERS)
def test_a_line_that_a_site_repeats_goes_in_any_language(language: str) -> None:
    footers = {
        "de": "Abonnieren Sie jetzt unseren Morgenbrief und lesen Sie alle Berichte der Redaktion ohne Werbung auf dem Telefon",
        "fr": "Abonnez-vous dès maintenant à la lettre du matin et lisez tous les articles de la rédaction sans publicité",
        "es": "Suscríbase ahora al boletín de la mañana y lea todos los artículos de la redacción sin publicidad en su teléfono",
        "nl": "Neem nu een abonnement op de ochtendbrief en lees alle artikelen van de redactie zonder reclame op uw telefoon",
        "da": "Tegn nu abonnement og læs alle avisens artikler uden reklamer på din telefon hver eneste morgen klokken seks",
        "zh": "立即订阅本报晨间简报，在手机上阅读编辑部的全部文章而没有广告打扰",
        "ar": "اشترك الآن في نشرة الصباح واقرأ جميع مقالات هيئة التحرير من دون إعلانات على هاتفك في كل يوم",
        "ru": "Подпишитесь сейчас на утреннюю рассылку и читайте все статьи редакции без рекламы на своём телефоне",
    }
    lines = TEXTS[language].split("\n")
    # Five pages of a site that share the footer alone.
    rows = [
        make_row(
            f"k{n}", "\n".join([*(f"{line[::-1]} {n}" if n else line for line in lines), footers[language]]), site="k"
        )
        for n in range(1)
    ] + [
        make_row(f"m{n}", f"{_own_words(n, language)}\n{footers[language]}", site="k", language=language)
        for n in range(5)
    ]
    documents = make_frame(rows)
    evidence = learn_evidence([gather_evidence(documents, CONFIG)], CONFIG)
    result = strip_articles(documents, evidence, CONFIG)
    assert result.articles["text"].to_list() == [TEXTS[language], *(_own_words(n, language) for n in range(5))]


def test_half_a_sentence_that_repeats_is_only_suspected() -> None:
    """In Chinese a token is a character: a ministry's name and title are twelve of them."""
    name = "国务院新闻办公室主任兼新闻发言人"
    rows = [make_row(f"k{n}", f"{_own_words(n, 'zh')}{name}{_own_words(n + 50, 'zh')}", site="k") for n in range(6)]
    documents = make_frame(rows)
    evidence = learn_evidence([gather_evidence(documents, CONFIG)], CONFIG)
    result = strip_articles(documents, evidence, CONFIG)
    assert result.removed_spans.is_empty()
    assert result.suspected_spans["text"].str.contains(name).all()
    assert set(result.suspected_spans["reason"]) == {OTHER_LANGUAGE}


@pytest.mark.parametrize("said", [None, "en", "de", "zh"])
def test_english_is_cleaned_whatever_its_page_says(said: str | None) -> None:
    found = stripped(f"{TEXTS['en']}\n{BANNER}\nAdvertisement", language=said)
    assert found["text"] == [TEXTS["en"]]
    assert not found["suspected"]


def test_a_text_of_few_words_is_what_its_page_says() -> None:
    tokens = tokenize("Ferry sinks off cape")
    assert is_english(tokens, None)
    assert is_english(tokens, "en")
    assert not is_english(tokens, "de")


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_the_words_show_the_language(language: str) -> None:
    assert is_english(tokenize(TEXTS[language]), None) == (language == "en")
    assert is_english(tokenize(TEXTS[language]), "en" if language != "en" else "de") == (language == "en")


def test_rules_for_any_language_are_few_and_sure() -> None:
    chosen = {rule.id: rule.confidence for rule in load_rules() if rule.any_language}
    assert "hashtags-line" in chosen
    assert "signup-offer" not in chosen
    assert min(chosen.values()) >= CONFIG.other_language_confidence


def _own_words(number: int, language: str) -> str:
    """A page of made-up words in the script of a language, different for each number."""
    script = {"zh": 0x5000, "ar": 0x0628, "ru": 0x0430}.get(language, ord("a"))
    size = {"zh": 3000}.get(language, 20)
    space = "" if language == "zh" else " "
    words = []
    state = 7919 * (number + 1)
    for _ in range(60):
        word = ""
        for _ in range(5):
            state = (state * 1103515245 + 12345) % 2**31
            word += chr(script + (state >> 8) % size)
        words.append(word)
    return space.join(words) + "。"


def test_a_card_of_structure_is_salvaged_in_another_language() -> None:
    card = f"Hafenpost\n3 hours ago\n- Hafenpost\nMole wird erneuert\n{TEXTS['de'].split(chr(10))[1]}"
    result = strip_articles(make_frame([make_row("a", f"{TEXTS['de']}\n{card}")]), None, CONFIG)
    assert result.articles["text"].to_list() == [TEXTS["de"], TEXTS["de"].split("\n")[1]]
    assert result.removed_spans.filter(pl.col("salvaged_article_id").is_not_null()).height == 1


def test_likeness_is_recognised_without_spaces_too() -> None:
    same, other = TEXTS["zh"].split("\n")[1], "小提琴家周日晚上在维也纳演奏西贝柳斯协奏曲，评论家称赞乐团温暖的音色。"
    page = Page(f"{TEXTS['zh']}\n{same}")
    assert share_own(page, len(TEXTS["zh"]) + 1, len(page.text), 1.0) == 1.0
    page = Page(f"{TEXTS['zh']}\n{other}")
    assert share_own(page, len(TEXTS["zh"]) + 1, len(page.text), 1.0) < 0.2
