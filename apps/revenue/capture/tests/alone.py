"""Capture in an application of its own, with whoever publishes its rules: for its tests."""

from atoll import Application

alone = Application(
    "alone",
    owner="tests",
    services=["revenue.capture.service:CaptureService", "revenue.playbook.service:PlaybookService"],
)
