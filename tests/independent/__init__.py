"""Tests of services that are distributions of their own."""
