"""The operator's pages: an ordinary service, built on the public API alone."""

__all__: list[str] = []
