import polars as pl

from cleaners.names import NamesConfig, check_names, find_mentions, load_authority
from cleaners.names.judge.batch_words import BatchWords, learn_words
from cleaners.names.judge.words import cut_texts

NO_AUTHORITY = load_authority("canonical\n")


def batch(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"article_id": [f"a{i:03}" for i in range(len(texts))], "text": list(texts)})


def learn(*texts: str) -> BatchWords:
    articles = batch(*texts)
    return learn_words(cut_texts(articles["text"]), 1.0, find_mentions(articles, NamesConfig(), NO_AUTHORITY))


def people(*texts: str) -> list[list[str]]:
    return check_names(batch(*texts), NamesConfig(), authority=NO_AUTHORITY).articles["people"].to_list()


def test_first_names_of_people_with_different_surnames_are_learned() -> None:
    words = learn(
        "Talks with the finance minister, Qorvan Tellis, broke down.",
        "Finance Minister Qorvan Tellis was late. So was his colleague, Zuleth Amrak, 43.",
        "A farmer, Qorvan Bredsk, 51, saw it.",
    )
    assert "qorvan" in words.given
    assert "zuleth" not in words.given  # one bearer is no evidence
    assert words.is_given("qorvan")
    assert words.is_given("peter")
    assert not words.is_given("zuleth")


def test_words_written_in_lower_case_elsewhere_are_common() -> None:
    words = learn("The Blue Harvest left, Mr Tellis said.", "A blue harvest.", "The harvest was blue.")
    assert {"blue", "harvest"} <= words.common
    assert "tellis" not in words.common


def test_learned_given_names_make_people_of_guesses() -> None:
    introduced = [
        "Finance Minister Qorvan Tellis was late.",
        "A farmer, Qorvan Bredsk, 51, saw it.",
    ]
    guess = "Nobody had expected to see Qorvan Umdahl there."
    assert people(guess) == [[]]
    assert people(*introduced, guess)[2] == ["Qorvan Umdahl"]


def test_two_common_words_are_no_person() -> None:
    lower = ["The grace of the young.", "By grace, so young.", "A young dancer with grace."]
    assert people("They watched Grace Young before noon.", *lower)[0] == []
    assert people("Health Minister Grace Young, 43, was not hurt.", *lower)[0] == ["Grace Young"]


def test_words_of_no_articles() -> None:
    empty = pl.DataFrame(schema={"article_id": pl.String, "text": pl.String})
    words = learn_words(cut_texts(empty["text"]), 1.0, find_mentions(empty, NamesConfig(), NO_AUTHORITY))
    assert (words.given, words.people_of, words.common) == (frozenset(), {}, frozenset())


def test_a_surname_of_many_texts_opens_no_name_before_another() -> None:
    texts = [
        f"Transport Minister Donya Halvorsk spoke on day {n}. Halvorsk left. Ylva Bremsk, 43, saw it."
        for n in range(25)
    ]
    words = learn(*texts, "Ylva Stone, 44, saw it.")
    assert "halvorsk" in words.family
    assert "stone" not in words.family
    assert "Halvorsk Bremsk" not in people(*texts, "Vote on Halvorsk Bremsk aims to win, an aide said.")[-1]
