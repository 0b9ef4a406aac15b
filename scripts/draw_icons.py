"""Draws the authenticator's PNG icons from its SVG, which is made of rounded rectangles alone."""

import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
SOURCE = Path("web/authenticator/icons/icon.svg")
TARGET = Path("build/icons")
SIDE = 512  # of the SVG's view box
MASKED_SCALE = 0.72  # launchers cut a maskable icon down to a circle of 80 %
ICONS = {
    # name: (pixels, whether the ground fills the corners too, how much of the side the drawing takes)
    "icon-192": (192, False, 1.0),
    "icon-512": (512, False, 1.0),
    "maskable-512": (512, True, MASKED_SCALE),
    # iOS rounds the corners itself and paints what is transparent black.
    "apple-touch-icon": (180, True, 0.9),
    # Android shows only the opacity of a badge, and that at 24 dp.
    "badge-96": (96, False, 1.0),
}
BADGE = "badge-96"
GROUND = (0x0A, 0x55, 0x66)


@dataclass(frozen=True, slots=True)
class Shape:
    """A rounded rectangle in the SVG's units."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    colour: tuple[int, int, int]

    def distance(self, x: float, y: float) -> float:
        """Return how far a point is outside; negative inside."""
        dx = abs(x - self.x - self.width / 2) - self.width / 2 + self.radius
        dy = abs(y - self.y - self.height / 2) - self.height / 2 + self.radius
        outside = float((max(dx, 0.0) ** 2 + max(dy, 0.0) ** 2) ** 0.5)
        return outside + min(max(dx, dy), 0.0) - self.radius


def shapes(svg: Path) -> list[Shape]:
    """Return the drawing, ground first; raises ValueError for anything that is no rectangle."""
    drawn = []
    for element in ElementTree.parse(svg).getroot():  # noqa: S314  # our own file
        if not element.tag.endswith("}rect"):
            raise ValueError(f"{svg.name}: only rectangles can be drawn, not {element.tag}")
        x, y, width, height, radius = (
            float(element.get(name, "0")) for name in ("x", "y", "width", "height", "rx")
        )
        value = element.attrib["fill"].lstrip("#")
        colour = (int(value[0:2], 16), int(value[2:4], 16), int(value[4:6], 16))
        drawn.append(Shape(x, y, width, height, radius, colour))
    return drawn


def png(drawing: list[Shape], pixels: int, *, full: bool, scale: float, badge: bool = False) -> bytes:
    """Return one icon: RGBA, edges smoothed over one pixel.

    Args:
        drawing: ground first.
        pixels: of a side.
        full: the ground reaches into the corners.
        scale: of what stands on the ground, around the middle.
        badge: only the strokes, white on nothing.
    """
    unit = SIDE / pixels
    ground, *rest = drawing

    def pixel(x: float, y: float) -> bytes:
        alpha = 0.0 if badge else 1.0 if full else _cover(ground, x, y, unit)
        colour = [float(part) for part in ground.colour]
        at_x, at_y = ((each - SIDE / 2) / scale + SIDE / 2 for each in (x, y))
        for shape in rest:
            part = _cover(shape, at_x, at_y, unit / scale)
            if badge:
                alpha += ((shape.colour != ground.colour) - alpha) * part
            else:
                colour = [old + (new - old) * part for old, new in zip(colour, shape.colour, strict=True)]
        shown = (255.0, 255.0, 255.0) if badge else colour
        return bytes((*(round(each) for each in shown), round(alpha * 255)))

    middles = [(each + 0.5) * unit for each in range(pixels)]
    rows = bytearray()
    for y, above in zip(middles, [-SIDE, *middles], strict=False):
        if _same(drawing, y, above, unit, scale):
            rows += rows[-1 - 4 * pixels :]
        else:
            rows += b"\0" + b"".join(pixel(x, y) for x in middles)  # 0: no filter
    head = struct.pack(">IIBBBBB", pixels, pixels, 8, 6, 0, 0, 0)
    body = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _same(drawing: list[Shape], y: float, above: float, unit: float, scale: float) -> bool:
    """Whether two rows look alike: both run through straight sides alone."""
    ground, *rest = drawing
    for shape, shrunk in [(ground, 1.0), *((each, scale) for each in rest)]:
        straight = shape.height / 2 - shape.radius - unit / shrunk
        clear = shape.height / 2 + unit / shrunk
        ways = []
        for each in (y, above):
            far = abs((each - SIDE / 2) / shrunk + SIDE / 2 - shape.y - shape.height / 2)
            ways.append("side" if far < straight else "none" if far > clear else "curve")
        if ways[0] != ways[1] or ways[0] == "curve":
            return False
    return True


def _cover(shape: Shape, x: float, y: float, unit: float) -> float:
    return min(1.0, max(0.0, 0.5 - shape.distance(x, y) / unit))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def draw(root: Path, target: Path) -> None:
    """Write all icons of the checkout at *root* into *target*."""
    drawing = shapes(root / SOURCE)
    target.mkdir(parents=True, exist_ok=True)
    for name, (pixels, full, scale) in ICONS.items():
        picture = png(drawing, pixels, full=full, scale=scale, badge=name == BADGE)
        (target / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    draw(ROOT, Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / TARGET)
