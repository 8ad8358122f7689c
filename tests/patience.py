"""How long a test waits for what must happen."""

PATIENCE_S = 60.0
"""In real seconds: so that a test which hangs fails. No measurement: a busy machine may stand still for seconds."""
