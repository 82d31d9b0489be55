"""Everything that an operator can ask or change: one function each, typed result; permission and audit live here."""
