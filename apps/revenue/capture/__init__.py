"""Capture takes leads in, by API and from files, and loses none. Its front door is `contract.py`."""
