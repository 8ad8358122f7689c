"""Atoll Revenue: a go-to-market stack of small services.

Each folder beside this file is a service with its own contract, data and tests; `application.py` lists them.
"""
