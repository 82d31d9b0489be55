"""The control room: a Textual program that shows what is in the store, changes it by operations, and does no sync itself."""
