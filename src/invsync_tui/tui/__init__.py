"""The control room: a Textual program that shows facts and sends orders, and does no work of its own."""
