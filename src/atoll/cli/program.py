"""The program `atoll`: its verbs, and what becomes of errors.

A verb's module is imported when the verb is used, so that `atoll --help` does not wait for what only one of them needs.
"""

import difflib
import errno
import importlib
from dataclasses import dataclass

import click

from atoll import AtollError, Mistakes, __version__
from atoll.cli.refusals import Mistaken, SaidNo


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: the place of its command, and what stands beside it in the list of verbs."""

    place: str
    summary: str


VERBS = {
    "run": Verb("atoll.cli.run:run", "Start an application, in one process or in several."),
    "serve": Verb("atoll.cli.serve:serve", "Host services of an application in this process."),
    "ps": Verb("atoll.cli.ps:ps", "Show the processes of a running application."),
    "scale": Verb("atoll.cli.scale:scale", "Change how many instances services have, while they run."),
    "restart": Verb("atoll.cli.restart:restart", "Replace the instances of services one by one, under load."),
    "stop": Verb("atoll.cli.stop:stop", "Stop services while the others go on."),
    "start": Verb("atoll.cli.stop:start", "Start services that were stopped."),
    "top": Verb("atoll.cli.see.top:top", "Show what an application does now: rates, errors, durations, lag."),
    "traces": Verb("atoll.cli.see.traces:traces", "Show what was done, the last first: failed, slow, by key."),
    "trace": Verb("atoll.cli.see.trace:trace", "Show one trace as a waterfall, with what was logged in it."),
    "logs": Verb("atoll.cli.see.logs:logs", "Show what all services have logged, merged; follow it."),
    "story": Verb("atoll.cli.see.story:story", "Show everything that happened to one key, across services."),
    "console": Verb("atoll.cli.console:console", "Print a link to the live page of a running application."),
    "audit": Verb("atoll.cli.audit:audit", "Show what people have changed: who, what, by which way, and how it ended."),
    "call": Verb("atoll.cli.call:call", "Call an operation of a running application through its gateway."),
    "show": Verb("atoll.cli.show:show", "Show the services of an application, and who calls whom."),
    "check": Verb("atoll.cli.check:check", "Tell everything that is wrong with an application."),
    "access": Verb("atoll.cli.access:access", "Show who may call what, and explain why a call is refused."),
    "keys": Verb("atoll.cli.keys:keys", "Make, list and revoke API keys for callers from outside."),
    "events": Verb("atoll.cli.events:events", "Look after events: subscriptions, dead letters, rewind, erasure."),
    "db": Verb("atoll.cli.db:db", "Look after the databases of services: migrations, backups, statements."),
    "new": Verb("atoll.cli.new:new", "Make an application, or a service in one."),
    "contract": Verb("atoll.cli.export:contract", "Export contracts as OpenAPI or AsyncAPI, or as wheels."),
}

EPILOG = """\b
A first walk:
  atoll new app shop && cd shop      make an application
  atoll run                          start it
  atoll call                         what it offers (in a second terminal)
  atoll call hello.greet --name Ada  call one operation

APP is `package.module:attribute`. Without it, ATOLL_APPLICATION counts, then
`application` in [tool.atoll] of the current folder's pyproject.toml.

\b
Exit codes: 0 all is well; 1 the application said no, or does not answer;
2 the command, the application or its settings are mistaken.
"""


DISK_FULL = "disk_full"
"""The code of what a database says of it, too."""


class Program(click.Group):
    """A group whose commands are imported late, and whose errors are messages instead of tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which people meet them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module, _, attribute = verb.place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for, or the verb that was probably meant."""
        if args and not args[0].startswith("-") and args[0] not in VERBS and not ctx.resilient_parsing:
            close = difflib.get_close_matches(args[0], VERBS, n=1)
            fix = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(VERBS)}."
            raise click.UsageError(f"There is no verb `{args[0]}`. {fix}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.summary) for name, verb in VERBS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; what Atoll raises becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except Mistakes as mistakes:
            raise Mistaken.of(mistakes) from mistakes
        except AtollError as error:
            raise SaidNo(str(error), code=error.code) from error
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            where = f" under {error.filename}" if error.filename else ""
            raise SaidNo(f"the disk{where} is full", "Make room, and try it again.", code=DISK_FULL) from error


@click.command(cls=Program, epilog=EPILOG, subcommand_metavar="VERB ...", context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="atoll")
def main() -> None:
    """One application as a collection of small, autonomous services."""
