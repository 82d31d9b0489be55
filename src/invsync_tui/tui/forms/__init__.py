"""Settings as they are being edited: the draft, its words, and the facts about it. Widgets and screens are elsewhere."""
