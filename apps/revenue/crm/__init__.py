"""Tells the CRM beside it what is known of leads: files with what has changed since it was told last."""
