"""Everything that an operator can ask or order: one function each, typed result; permission and audit live here."""
