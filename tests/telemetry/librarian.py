"""A library that is instrumented with OpenTelemetry, and knows nothing of Atoll."""

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

_tracer = trace.get_tracer("librarian", "1.0")


def found(title: str) -> str:
    """Looks a book up, as a driver of a database would."""
    with _tracer.start_as_current_span(
        "SELECT books",
        kind=trace.SpanKind.CLIENT,
        attributes={"db.system.name": "shelf", "db.query.text": f"title = {title}", "db.response.returned_rows": 1},
    ) as span:
        if title == "Lost":
            raise LookupError(title)
        span.set_attribute("db.collection.name", "books")
        return title.upper()


def lent(title: str) -> bool:
    """Starts and ends its span by hand, as instrumented clients do."""
    span = _tracer.start_span("lend")
    with trace.use_span(span, end_on_exit=True):
        span.set_status(Status(StatusCode.ERROR, "it is lent already"))
        return bool(title)


def whose() -> trace.SpanContext:
    """What a formatter of logs would write."""
    return trace.get_current_span().get_span_context()
