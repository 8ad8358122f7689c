"""The console's pages in a real chromium, beside an invented application whose answers never change by chance."""
