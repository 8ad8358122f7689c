"""Whole names as first and last name."""

PARTICLES = frozenset("al bin da de del della den der di do dos du el la le van vom von zu zum zur".split())
"""Words that belong to the last name that follows them."""

SALUTATIONS = frozenset("mr mrs ms miss mx dr prof herr frau m mme mlle sr sra sig dhr mevr".split())


def part_name(name: str) -> tuple[str | None, str | None]:
    """First and last name; a single word is a last name, which Salesforce asks of every lead.

    >>> part_name("Ludwig van Beethoven"), part_name("Lovelace, Ada"), part_name("Dr. Grace Hopper")
    (('Ludwig', 'van Beethoven'), ('Ada', 'Lovelace'), ('Grace', 'Hopper'))
    """
    last, comma, first = (part.strip() for part in name.partition(","))
    if comma and first and last:
        return first, last
    words = last.split()
    while len(words) > 1 and words[0].rstrip(".").casefold() in SALUTATIONS:
        words = words[1:]
    if len(words) < 2:
        return None, words[0] if words else None
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].casefold() in PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])
