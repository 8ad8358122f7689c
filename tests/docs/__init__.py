"""The documents are true: the tutorial is walked, the reference is what the docstrings say."""
