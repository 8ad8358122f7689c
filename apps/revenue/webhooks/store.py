"""Statements of Webhooks."""

from sqlalchemy import bindparam, insert, select, update

from atoll import Row
from revenue.ruling import Ruling

from .contract import Delivery, DeliveryState
from .rules import WebhooksRules
from .tables import DELIVERIES, LINKS, RULES

RULING = Ruling(RULES, WebhooksRules, default=WebhooksRules())

ADD = insert(DELIVERIES)
BY_ID = select(DELIVERIES).where(DELIVERIES.c.id == bindparam("id"))
ARRIVED = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id == bindparam("which"))
    .values(state=DeliveryState.ARRIVED, arrived_at=bindparam("at"), attempts=bindparam("attempt"), error="")
)
FAILED = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id == bindparam("which"), DELIVERIES.c.state != DeliveryState.ARRIVED)
    .values(state=bindparam("now"), attempts=bindparam("attempt"), error=bindparam("what"))
)
WAITING = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id == bindparam("which"))
    .values(state=DeliveryState.WAITING, attempts=0, arrived_at=None)
)
ADD_LINK = insert(LINKS)
LINK = select(LINKS).where(LINKS.c.digest == bindparam("digest"))
USED = update(LINKS).where(LINKS.c.digest == bindparam("which")).values(accepted_at=bindparam("at"))

PAGES = {
    (by_endpoint, by_state): (
        select(DELIVERIES)
        .where(
            DELIVERIES.c.number > bindparam("after"),
            *([DELIVERIES.c.endpoint == bindparam("endpoint")] if by_endpoint else []),
            *([DELIVERIES.c.state == bindparam("state")] if by_state else []),
        )
        .order_by(DELIVERIES.c.number)
        .limit(bindparam("count"))
    )
    for by_endpoint in (False, True)
    for by_state in (False, True)
}
"""By whether they are asked for one endpoint, and for one state."""


def delivery_of(row: Row) -> Delivery:
    """The delivery in a row."""
    fields = {name: getattr(row, name) for name in Delivery.__struct_fields__ if name != "state"}
    return Delivery(**fields, state=DeliveryState(row.state))
