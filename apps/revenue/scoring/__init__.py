"""Scoring says how well a lead fits, and why. Its front door is `contract.py`."""
