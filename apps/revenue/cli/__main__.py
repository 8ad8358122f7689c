"""`python -m revenue.cli`, where the script is not installed."""

from .main import main

main(prog_name="revenue")
