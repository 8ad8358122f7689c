"""The team's own rules: versions of them, and their way to the services."""
