"""What an application does, on a terminal: `atoll top`, `traces`, `trace`, `logs` and `story`."""
