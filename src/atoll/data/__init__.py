"""A service's own data: its database, its transactions and its migrations."""

__all__: list[str] = []
