"""Amounts of money for people; services count them in millionths."""

MICROS = 1_000_000


def money(micros: int, currency: str = "") -> str:
    """An amount with as many digits as it has, and at least two.

    >>> money(8_000, "EUR"), money(12_500_000, "EUR")
    ('0.008 EUR', '12.50 EUR')
    """
    digits = f"{micros / MICROS:.6f}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"{whole}.{part:0<2} {currency}".rstrip()


def about(micros: int, currency: str = "") -> str:
    """What something is expected to cost: to the hundredth, and exactly where it is less than one.

    >>> about(12_345_678, "EUR"), about(4_000)
    ('12.35 EUR', '0.004')
    """
    return money(round(micros, -4) if micros >= MICROS else micros, currency)
