"""The console: its API, and who is let in."""
