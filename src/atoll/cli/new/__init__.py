"""`atoll new`: make an application, or a service in one."""

from atoll.cli.new.command import new

__all__ = ["new"]
