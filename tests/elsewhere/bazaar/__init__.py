"""An application of which most was not written with Atoll."""
