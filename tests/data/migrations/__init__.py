"""Tests of migrations, on services that they write."""
