"""Makes a PNG of a screen small: its few colors in a palette instead of four bytes for every pixel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = 4
COARSE = 0xF0
"""Bits of a color that are kept; edges of letters have more shades than anybody sees."""
MOST_COLORS = 256


def small(png: bytes) -> bytes:
    """The same picture with at most 256 colors; what has more, or is no 8-bit RGBA, stays as it is."""
    width, height, depth, color = struct.unpack(">IIBB", png[16:26])
    if (depth, color) != (8, 6):
        return png
    rows = list(_rows(zlib.decompress(b"".join(data for kind, data in _chunks(png) if kind == b"IDAT")), width))
    for coarse in (COARSE, COARSE << 1 & 0xFF):
        table = bytes(value & coarse | (value & coarse) >> 4 for value in range(256))
        pixels = [_pixels(row.translate(table)) for row in rows]
        palette = sorted({pixel for row in pixels for pixel in set(row)})
        if len(palette) <= MOST_COLORS:
            return _indexed(width, height, palette, pixels)
    return png


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _pixels(row: bytes) -> tuple[bytes, ...]:
    """Colors without their alpha; a terminal has none."""
    return tuple(row[at : at + 3] for at in range(0, len(row), CHANNELS))


def _rows(raw: bytes, width: int) -> Iterator[bytes]:
    """Rows with PNG's line filters undone."""
    length = width * CHANNELS
    above = bytearray(length)
    for at in range(0, len(raw), length + 1):
        row = bytearray(raw[at + 1 : at + 1 + length])
        _unfilter(raw[at], row, above)
        yield bytes(row)
        above = row


def _unfilter(kind: int, row: bytearray, above: bytearray) -> None:
    if kind == 2 and not any(row):
        row[:] = above
        return
    for at in range(len(row) if kind else 0):
        before = row[at - CHANNELS] if at >= CHANNELS else 0
        corner = above[at - CHANNELS] if at >= CHANNELS else 0
        row[at] = row[at] + _predicted(kind, before, above[at], corner) & 0xFF


def _predicted(kind: int, before: int, up: int, corner: int) -> int:
    if kind == 1:
        return before
    if kind == 2:
        return up
    if kind == 3:
        return (before + up) // 2
    by_left, by_up, by_corner = abs(up - corner), abs(before - corner), abs(before + up - 2 * corner)
    if by_left <= by_up and by_left <= by_corner:
        return before
    return up if by_up <= by_corner else corner


def _indexed(width: int, height: int, palette: list[bytes], pixels: list[tuple[bytes, ...]]) -> bytes:
    place = {color: number for number, color in enumerate(palette)}
    lines = b"".join(b"\0" + bytes(place[pixel] for pixel in row) for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
