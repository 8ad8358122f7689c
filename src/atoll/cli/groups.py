"""A group of commands of which one can be left out: it shows what there is."""

import difflib

import click


class Shown(click.Group):
    """Commands about one thing. What is no command is meant for the one that shows it, `show`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the command that was left out."""
        first = args[0] if args else ""
        if first not in self.commands and first != "--help":
            if first and not first.startswith("-") and ":" not in first:
                close = difflib.get_close_matches(first, self.commands, n=1)
                fix = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(self.commands)}."
                raise click.UsageError(f"There is no command `{first}`, and no application `{first}`. {fix}", ctx)
            args = ["show", *args]
        return super().parse_args(ctx, args)
