"""Makes the picture of a page small: a PNG with 256 colours, which is nearly all that a page has."""

import base64
import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_COMMONEST, _FARTHEST = 176, 80
# A page of its own reads the picture, since Python has nothing that does.
_PIXELS = """async (png) => {
    const blob = await (await fetch('data:image/png;base64,' + png)).blob();
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const bytes = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    let text = '';
    for (let start = 0; start < bytes.length; start += 32768) {
        text += String.fromCharCode(...bytes.subarray(start, start + 32768));
    }
    return [bitmap.width, bitmap.height, btoa(text)];
}"""


def small_png(chromium: "Browser", png: bytes) -> bytes:
    """The same picture. A colour that is not in the palette becomes the nearest one that is."""
    page = chromium.new_page()
    width, height, text = page.evaluate(_PIXELS, base64.b64encode(png).decode())
    page.close()
    bytes_ = base64.b64decode(text)
    pixels = [bytes_[at : at + 3] for at in range(0, len(bytes_), 4)]
    counts = Counter(pixels)
    palette = _palette(counts)
    place = {colour: _nearest(colour, palette) for colour in counts}
    rows = b"".join(
        b"\0" + bytes(place[pixel] for pixel in pixels[start : start + width])
        for start in range(0, width * height, width)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _palette(counts: Counter[bytes]) -> list[bytes]:
    """The commonest colours, and of the others those that are least like any of the palette, such as that of a dot."""
    palette = [colour for colour, _ in counts.most_common(_COMMONEST)]
    apart = {colour: min(_distance(colour, one) for one in palette) for colour in counts}
    for _ in range(min(_FARTHEST, len(counts) - len(palette))):
        found = max(apart, key=apart.__getitem__)
        palette.append(found)
        apart = {colour: min(distance, _distance(colour, found)) for colour, distance in apart.items()}
    return palette


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    return min(range(len(palette)), key=lambda place: _distance(colour, palette[place]))


def _distance(one: bytes, other: bytes) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
