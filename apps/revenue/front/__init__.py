"""The front page: a form for a lead of one's own, its way to an owner, and the links in messages."""
