"""Parsed JSON, before anything is known of it."""

from typing import Any, TypeGuard

Raw = Any  # what a JSON parser gives


def is_object(raw: Raw) -> TypeGuard[dict[str, Raw]]:
    """Whether it is a JSON object."""
    return isinstance(raw, dict)


def is_array(raw: Raw) -> TypeGuard[list[Raw]]:
    """Whether it is a JSON array."""
    return isinstance(raw, list)
