"""`python -m atoll.cli`: the program, with an interpreter of one's choice."""

from atoll.cli.program import main

main(prog_name="atoll")
