"""The application: which services it is made of."""

from atoll import Application

revenue = Application(
    "revenue",
    owner="revenue-operations",
    services=[
        "revenue.capture.service:CaptureService",
        "revenue.identity.service:IdentityService",
        "revenue.enrichment.service:EnrichmentService",
        "revenue.scoring.service:ScoringService",
        "revenue.routing.service:RoutingService",
        "revenue.playbook.service:PlaybookService",
        "revenue.webhooks.service:WebhooksService",
        "revenue.crm.service:CrmService",
    ],
    edges=(
        "atoll.gateway.service:GatewayService",
        "atoll.console.service:ConsoleService",
        "revenue.front.service:FrontService",
    ),
)
