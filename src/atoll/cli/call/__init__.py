"""`atoll call`: call an operation of a running application through its gateway."""

from atoll.cli.call.command import call

__all__ = ["call"]
