"""A transaction over several services: its steps, their compensations, and the journal that survives a crash."""

__all__: list[str] = []
