"""An application that lets users in: a desk at the gateway asks a book behind it, which knows who has asked it."""

from typing import Protocol

from atoll import Application, Service, Value, context, contract, get


class Entry(Value):
    """Who has asked, and for whom."""

    caller: str
    user: str | None


@contract(version="1.0")
class Book(Protocol):
    """Notes who asks."""

    @get("/entry")
    async def entry(self) -> Entry:
        """What is noted."""
        ...

    @get("/shut", callers=("porter",))
    async def shut(self) -> Entry:
        """For the porter alone."""
        ...


@contract(version="1.0")
class Desk(Protocol):
    """Takes users in."""

    @get("/sign", public=True)
    async def sign(self) -> tuple[Entry, Entry]:
        """What the desk knows of who asks, and what the book does."""
        ...

    @get("/try", public=True)
    async def try_shut(self) -> Entry:
        """Ask for what the porter alone is given."""
        ...


class BookService(Service, Book):
    """Says what its context says."""

    async def entry(self) -> Entry:
        """Caller and user."""
        return Entry(caller=context().caller, user=context().user)

    async def shut(self) -> Entry:
        """Never."""
        raise AssertionError


class DeskService(Service, Desk):
    """Stands between the gateway and the book."""

    book: Book

    async def sign(self) -> tuple[Entry, Entry]:
        """Both."""
        return Entry(caller=context().caller, user=context().user), await self.book.entry()

    async def try_shut(self) -> Entry:
        """Refused."""
        return await self.book.shut()


guests = Application("guests", services=[BookService, DeskService], owner="tests")
