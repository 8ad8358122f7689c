"""Who takes care of a lead, why, and until when."""
