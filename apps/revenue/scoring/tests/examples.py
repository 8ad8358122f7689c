"""Made-up examples for the tests of learning: leads whose outcome follows from what they say, with chance in it."""

import csv
import io
import random

from revenue.scoring.contract import ExamplePiece

COLUMNS = ("industry", "attribute.seats", "lead.title", "note", "won_at", "talked_s", "won")
TITLES = ("CEO", "Head of Sales", "Student", "Engineer")


def rows(count: int, seed: int = 1) -> list[dict[str, str]]:
    """Rows of which about a third is good: by industry, seats and title.

    `talked_s` and `won_at` know the outcome: one is long only with good leads, the other is there only with them.
    """
    chance = random.Random(seed)
    found: list[dict[str, str]] = []
    for number in range(count):
        industry, title = chance.choice(("software", "retail", "farming", "")), chance.choice(TITLES)
        seats = chance.randint(1, 500)
        odds = 0.15 + 0.3 * (industry == "software") + 0.25 * (seats > 250) + 0.2 * (title == "CEO")
        won = chance.random() < odds
        words = chance.sample(("budget", "question", "later", "demo", "hello"), 3)
        found.append(
            {
                "industry": industry,
                "attribute.seats": str(seats) if chance.random() < 0.9 else "",
                "lead.title": title,
                "note": " ".join(
                    [f"case{number}", *words, *(["urgent"] if odds > 0.5 and chance.random() < 0.5 else [])]
                ),
                "won_at": f"2026-02-{number % 28 + 1:02}" if won and chance.random() < 0.7 else "",
                "talked_s": str(int(chance.expovariate(1 / (600 if won else 90)))),
                "won": "yes" if won else "no",
            }
        )
    return found


def content(several: list[dict[str, str]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(several[0] if several else COLUMNS)
    writer.writerows(row.values() for row in several)
    return text.getvalue().encode()


def pieces(table: str, several: list[dict[str, str]], size: int = 1_000) -> list[ExamplePiece]:
    """Rows as pieces of a table."""
    return [
        ExamplePiece(table=table, number=number, content=content(several[begin : begin + size]))
        for number, begin in enumerate(range(0, len(several), size))
    ]
