"""The services on the way to a score, alone: for tests in which who only tells people would be in the way."""

import dataclasses

from revenue.application import revenue

WAY = ("capture", "identity", "enrichment", "scoring", "playbook")

on_the_way = dataclasses.replace(
    revenue, services=tuple(each for each in revenue.services if str(each).split(".")[1] in WAY), edges=()
)
