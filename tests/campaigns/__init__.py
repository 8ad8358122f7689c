"""Campaigns: the same as some tests, for as long as one likes."""
