"""The leads that a submission is about, in memory: what is known of them, and what becomes of them. Pure."""

from collections.abc import Iterable, Mapping

from .contract import Lead, LeadDetails
from .keys import Key, keys_of


class Book:
    """Leads by id and by key, as they were found; and what was put in since. Owns all of it; nothing else changes it.

    It has to hold what is known of every key that it is asked for.
    """

    def __init__(
        self, leads: Iterable[Lead] = (), ids: Mapping[Key, str] | None = None, taken: Iterable[int] = ()
    ) -> None:
        self._found = {lead.id: lead for lead in leads}
        self._ids = dict(ids or {})
        self._taken = set(taken)
        self.touched: dict[str, Lead] = {}
        """New and changed leads, by id, in the order in which they came."""
        self.new_keys: dict[Key, str] = {}
        """Keys that nobody had, with the id of their lead."""
        self.new_lines: list[int] = []
        """Lines of the import that were taken now."""

    def get(self, lead_id: str) -> Lead:
        """The lead with an id, as it is by now."""
        return self.touched.get(lead_id) or self._found[lead_id]

    def known(self, details: LeadDetails) -> list[Lead]:
        """The leads that these details fit: none, one, or several when their keys disagree."""
        found = (self._ids.get(key) for key in keys_of(details))
        return [self.get(lead_id) for lead_id in dict.fromkeys(filter(None, found))]

    def is_new(self, lead_id: str) -> bool:
        """Whether the lead was not there before."""
        return lead_id not in self._found

    def revision_of(self, lead_id: str) -> int:
        """The revision of a lead that is changed: one more than was found, however often it is changed here."""
        return self._found[lead_id].revision + 1 if lead_id in self._found else 1

    def put(self, lead: Lead) -> None:
        """Keep a lead that is new or changed."""
        self.touched[lead.id] = lead

    def recognise(self, lead: Lead, details: LeadDetails) -> None:
        """From now on know the lead by what it came in with; a key that another lead has stays with that one."""
        for key in keys_of(details):
            if key not in self._ids:
                self._ids[key] = self.new_keys[key] = lead.id

    def was_taken(self, line: int) -> bool:
        """Whether this line of the import was taken before."""
        return line in self._taken

    def mark_taken(self, line: int) -> None:
        """Remember that it was."""
        self._taken.add(line)
        self.new_lines.append(line)
