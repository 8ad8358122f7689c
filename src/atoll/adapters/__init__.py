"""Drivers: one outside system a file, entered by that file, so that only what an application asks for is imported."""

__all__: list[str] = []
