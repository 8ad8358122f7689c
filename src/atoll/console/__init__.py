"""The operator's pages: an ordinary service, built on the public API alone."""

from atoll.console.links import SERVICE, address, login_link

__all__ = ["SERVICE", "address", "login_link"]
