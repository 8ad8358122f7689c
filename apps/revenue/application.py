"""The application: which services it is made of."""

from atoll import Application

revenue = Application(
    "revenue",
    owner="revenue-operations",
    services=[
        "revenue.capture.service:CaptureService",
        "revenue.enrichment.service:EnrichmentService",
        "revenue.scoring.service:ScoringService",
    ],
    edges=("atoll.gateway.service:GatewayService", "atoll.console.service:ConsoleService"),
)
