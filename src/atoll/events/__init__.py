"""What happened, told reliably: the outbox, the inbox, delivery, and dead letters."""

__all__: list[str] = []
