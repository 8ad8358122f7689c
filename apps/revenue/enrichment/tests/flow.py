"""Enrichment among others: leads come to it by way of Capture and Identity, and its rules by way of the Playbook."""

from atoll import Application

flow = Application(
    "enriched",
    owner="revenue-operations",
    services=[
        "revenue.capture.service:CaptureService",
        "revenue.identity.service:IdentityService",
        "revenue.playbook.service:PlaybookService",
        "revenue.enrichment.service:EnrichmentService",
    ],
    edges=(),
)
