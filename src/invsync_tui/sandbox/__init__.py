"""A small WMS and a small cart over real HTTP on 127.0.0.1, for `invsync demo` and the fault tests.

Standard library only (plus the words of `rules.outcomes`): each server is a process of its own that must start at once.
Nothing here is used by a real sync.
"""
