"""Enrichment says what an e-mail address and a phone number give away. Its front door is `contract.py`."""
