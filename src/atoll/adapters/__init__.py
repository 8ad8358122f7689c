"""Drivers: one outside system a file. What is imported here is only what an application asks for."""
