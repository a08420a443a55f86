"""Texts of the tests, written for them, and a builder of article frames."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import polars as pl

FERRY = """The island council voted on Tuesday night to keep the Marholm ferry running through the winter, after a
public meeting that drew more than 300 residents to the school hall. Mayor Oleksandr Zelensky told the meeting that the
crossing, which carries about 1,200 passengers a week, would cost 4.6 million crowns until the end of March. "Without the
boat we have no doctor, no post and no fresh bread," he said. The operator, Northlink, had announced in September that it
would stop the service on 1 November because fuel prices had risen by 38 per cent in a year. Its director, Ingrid Solvang,
said the company would accept the council's offer but wanted a longer contract. The opposition on the council argued that a
smaller vessel could make the trip for half the price. A report by the harbour authority, due in January, will compare the
two. Fishermen who use the same quay asked that the timetable leave room for the morning catch."""

FERRY_RETOLD = """Winter sailings to Marholm have been saved. At a packed meeting in the school hall, councillors agreed late on
Tuesday to put 4.6 million crowns into the threatened crossing, whose operator Northlink had planned to give up at the
start of November, blaming dearer fuel. Mayor Oleksandr Zelensky spoke of a lifeline for the islanders. Northlink's Ingrid
Solvang welcomed the money and asked for a contract of several years. Not everyone was content: opposition members think a
smaller boat would do the job at half the cost, and the harbour authority will publish its comparison in January."""

WEATHER = """Weather for the Tarn valley, {day}. Morning: {sky} with a light {wind} wind, visibility good. Afternoon: {sky},
highest temperature {high} degrees in {town}, lowest {low} degrees overnight. Rain expected: {rain} mm. The river at
{town} stood at {level} metres at noon. Drivers on the pass road should carry chains when the warning lamp at the toll
house is lit. The next bulletin will be issued at six o'clock by the county weather office."""

EARNINGS = """{company} reported results for the {quarter} quarter. Shr {shr} cts vs {shr2} cts. Net {net} vs {net2}. Revs
{revs} mln vs {revs2} mln. Avg shrs {avg} mln vs {avg2} mln. Note: the company said results for the year-ago period were
restated to reflect a change in accounting for inventories and include a gain from discontinued operations. Full name of
company is {company} Incorporated and it is based in {city}."""


def make_articles(*rows: dict[str, object]) -> pl.DataFrame:
    """A frame of articles; article_id is made of `name` (default: the row's number), dates are ISO days."""
    return pl.DataFrame(
        [
            {
                "article_id": name_id(str(row.get("name", i))),
                "title": row.get("title"),
                "text": row["text"],
                "site": row.get("site"),
                "published_at": datetime.fromisoformat(str(row["day"])).replace(tzinfo=UTC) if "day" in row else None,
            }
            for i, row in enumerate(rows)
        ],
        schema={
            "article_id": pl.String,
            "title": pl.String,
            "text": pl.String,
            "site": pl.String,
            "published_at": pl.Datetime("us", "UTC"),
        },
    )


def name_id(name: str) -> str:
    """A valid article id for a name."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]
