"""What a campaign is about: a file of leads of whom no two are alike, and a team that takes them in turn."""

import csv
import random
from io import StringIO

from revenue.playbook.contract import TeamRules
from revenue.routing.contract import Conditions, Rep, RoutingRules, Team, Territory
from revenue.webhooks.contract import Endpoint, WebhooksRules

HEADER = ("email", "first name", "last name", "company", "country", "title")
TITLES = ("CTO", "Head of Operations", "Student", "Sales Manager")
FIRST = ("Ada", "Bo", "Cleo", "Dag", "Edda", "Finn", "Gro", "Hugo")
ROTA = tuple(f"rep{number}" for number in range(1, 7))
"""Who takes leads in turn, with equal weights."""
FEW = "few"
"""Takes the leads of one country, and has room for a part of them: the others wait."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def addresses(leads: int) -> list[str]:
    """The address of each lead, by its row."""
    return [f"lead.{number:05}@company{number % 211}.example" for number in range(leads)]


def file_of(leads: int) -> bytes:
    """A CSV file. Every fifth lead is French."""
    chance = random.Random(leads)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for number, address in enumerate(addresses(leads)):
        last = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=9)).title()
        country = "France" if number % 5 == 0 else "Germany"
        company = f"Company {number % 211}"
        writer.writerow([address, chance.choice(FIRST), last, company, country, chance.choice(TITLES)])
    return text.getvalue().encode()


def rules_for(leads: int, url: str) -> TeamRules:
    """Rules by which half of the French leads wait, and somebody outside is told of each owner."""
    reps = (*(Rep(id=rep) for rep in ROTA), Rep(id=FEW, capacity=leads // 10))
    routing = RoutingRules(
        reps=reps,
        teams=(Team(name="rota", reps=ROTA), Team(name="france", reps=(FEW,))),
        territories=(Territory(name="france", when=Conditions(countries=("FR",)), team="france"),),
        round_robin="rota",
        keep_contacts=False,
    )
    told = Endpoint(name="told", events=("lead_routed",), url=url, secret="told")
    return TeamRules(routing=routing, webhooks=WebhooksRules(endpoints=(told,)))
