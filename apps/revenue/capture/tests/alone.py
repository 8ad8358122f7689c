"""Capture in an application of its own, with somebody who publishes rules: for its tests."""

from datetime import UTC, datetime

from atoll import Application, Database, Reference, Service
from revenue.playbook.contract import Playbook, PlaybookPublished, Playbooks

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class PlaybooksService(Service, Playbooks, owner="tests"):
    """Publishes what it is given."""

    db: Database

    async def publish(self, version: int, playbook: Playbook) -> None:
        """Publish a version."""
        async with self.db.transaction() as tx:
            tx.publish(PlaybookPublished(name="main", version=version, playbook=playbook, published_at=NOON))


alone = Application(
    "revenue",
    owner="tests",
    services=[
        "revenue.capture.service:CaptureService",
        Reference("revenue.capture.tests.alone:PlaybooksService", contract="revenue.playbook.contract:Playbooks"),
    ],
)
