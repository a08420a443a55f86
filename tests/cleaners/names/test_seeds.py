import json
from pathlib import Path

import polars as pl
import pytest

from cleaners.document import make_id
from cleaners.names import CheckedNames, NamesConfig, check_names

SEEDS = Path(__file__).parents[3] / "seeds"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The seeds as the strip step leaves them: the second one parted from what was pasted under it."""
    texts = {path.name[:3]: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))}
    whole = texts["002"]
    texts["002"] = whole[:1975] + whole[2107:7039]
    items = whole[7050:].split("\n- Straits Times\n")[1:]
    return texts | {f"item{i}": item for i, item in enumerate(items, 1)}


@pytest.fixture(scope="module")
def ids(texts: dict[str, str]) -> dict[str, str]:
    return {name: make_id("seed", name) for name in texts}


@pytest.fixture(scope="module")
def checked(texts: dict[str, str], ids: dict[str, str]) -> CheckedNames:
    articles = pl.DataFrame({"article_id": [ids[n] for n in texts], "text": list(texts.values())})
    clusters = pl.DataFrame({"article_id": [ids[n] for n in texts], "cluster_id": [ids[n] for n in texts]})
    return check_names(articles, NamesConfig(), clusters=clusters)


def test_there_is_one_error(checked: CheckedNames, ids: dict[str, str]) -> None:
    errors = checked.flags.filter("is_error")
    columns = ["article_id", "start", "end", "surface", "canonical", "kind"]
    assert errors.select(columns).rows() == [(ids["004"], 179, 193, "Robert Lutnick", "Howard Lutnick", "wrong_given")]
    evidence = json.loads(errors["evidence"][0])
    assert evidence["articles"] == sorted([ids["002"], ids["003"]])
    assert evidence["roles"] == ["Commerce Secretary"]
    assert evidence["decided_by"] == "other texts"


def test_spelling_variants(checked: CheckedNames, texts: dict[str, str]) -> None:
    variants = checked.flags.filter(~pl.col("is_error"))
    seen = set(variants.select("surface", "canonical", "kind").iter_rows())
    president = "Volodymyr Zelenskyy"
    assert seen == {
        ("NVIDIA", "Nvidia", "alias"),
        ("Xu Zhijun", "Eric Xu", "alias"),
        *((s, president, "transliteration") for s in ("Zelensky", "Zelenskiy")),
        *((f"Volodymyr {s}", president, "transliteration") for s in ("Zelensky", "Zelenskiy")),
        ("VOLODYMYR ZELENSKIY", president, "transliteration"),
    }
    spelled = sum(
        text.count(s) for text in texts.values() for s in ("Zelensky ", "Zelensky,", "Zelenskiy", "ZELENSKIY")
    )
    spelled += sum(text.count("Zelensky.") for text in texts.values())
    assert variants.filter(pl.col("kind") == "transliteration").height == spelled
    assert not checked.mentions["surface"].str.contains("ZelenskyyUA").any()


def test_people(checked: CheckedNames, ids: dict[str, str]) -> None:
    people = {
        name: checked.articles.filter(pl.col("article_id") == i)["people"][0].to_list() for name, i in ids.items()
    }
    assert people["000"] == []
    assert people["001"] == ["Donald Trump", "Jensen Huang"]
    assert people["002"] == ["Donald Trump", "Howard Lutnick", "Jensen Huang", "Lennart Heim", "Scott Bessent"]
    assert people["003"] == ["Donald Trump", "Eric Xu", "Howard Lutnick", "Jensen Huang", "Uncle Biao"]
    assert people["004"] == ["Howard Lutnick"]
    leaders = {"Emmanuel Macron", "Friedrich Merz", "Keir Starmer", "Mark Rutte", "Ursula von der Leyen"}
    assert leaders <= set(people["item3"])


def test_organisations_have_their_full_names(checked: CheckedNames) -> None:
    names = dict(checked.mentions.filter(pl.col("entity") == "organisation").select("surface", "canonical").iter_rows())
    assert names["CAC"] == "Cyberspace Administration of China"
    assert names["MIIT"] == "Ministry of Industry and Information Technology"
    assert names["NDRC"] == "National Development and Reform Commission"
    assert names["TSMC"] == "Taiwan Semiconductor Manufacturing Company"
    assert names["AMD"] == "Advanced Micro Devices"
    assert names["The FT"] == "Financial Times"
    assert names["US"] == names["U.S."] == "United States"


def test_normalised_text_changes_variants_and_nothing_else(checked: CheckedNames, texts: dict[str, str]) -> None:
    normalised = dict(zip(texts, checked.articles["text_normalised"], strict=True))
    assert normalised["003"] is None
    assert normalised["004"] == texts["004"].replace("NVIDIA", "Nvidia")
    assert "VOLODYMYR ZELENSKYY" in normalised["item3"]
    assert "@ZelenskyyUA" in normalised["item3"]
