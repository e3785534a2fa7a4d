"""Draw the pictures that the reference stub server's camera sees.

    python scripts/render_frames.py

Writes five small JPEG files to trio_client/stub/engine/frames. Needs Pillow; only run when the drawing changes.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).resolve().parent.parent / "trio_client" / "stub" / "engine" / "frames"
SIZE = (320, 180)


def yard(*, gate_open: bool = False) -> Image.Image:
    """The empty yard: sky, a wall, a gate, the ground and a lamp."""
    image = Image.new("RGB", SIZE, (168, 196, 214))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 104, 320, 180), fill=(142, 138, 128))
    draw.polygon(((0, 180), (110, 104), (210, 104), (320, 180)), fill=(120, 118, 112))
    draw.rectangle((0, 70, 110, 108), fill=(158, 108, 84))
    draw.rectangle((210, 70, 320, 108), fill=(158, 108, 84))
    for x in range(8, 110, 17):
        draw.line((x, 70, x, 108), fill=(138, 90, 70))
        draw.line((x + 210, 70, x + 210, 108), fill=(138, 90, 70))
    draw.rectangle((104, 60, 112, 110), fill=(96, 92, 90))
    draw.rectangle((208, 60, 216, 110), fill=(96, 92, 90))
    for x in (92, 222) if gate_open else range(118, 208, 9):
        draw.line((x, 68, x, 106), fill=(60, 62, 66), width=2)
    if not gate_open:
        draw.line((112, 72, 208, 72), fill=(60, 62, 66), width=2)
        draw.line((112, 100, 208, 100), fill=(60, 62, 66), width=2)
    draw.line((36, 20, 36, 104), fill=(70, 70, 74), width=3)
    draw.ellipse((29, 12, 43, 24), fill=(240, 226, 160))
    return image


def with_van(image: Image.Image) -> Image.Image:
    """A white van in front of the gate."""
    draw = ImageDraw.Draw(image)
    draw.rectangle((118, 84, 204, 128), fill=(236, 236, 232), outline=(110, 110, 110))
    draw.polygon(((204, 128), (204, 92), (222, 96), (234, 112), (234, 128)), fill=(226, 226, 222))
    draw.polygon(((207, 96), (220, 99), (229, 112), (207, 112)), fill=(90, 116, 138))
    draw.line((118, 112, 204, 112), fill=(52, 92, 160), width=4)
    for x in (136, 208):
        draw.ellipse((x - 10, 118, x + 10, 138), fill=(36, 36, 38))
        draw.ellipse((x - 4, 124, x + 4, 132), fill=(150, 150, 152))
    return image


def with_person(image: Image.Image) -> Image.Image:
    """A person in a dark coat who walks from the gate."""
    draw = ImageDraw.Draw(image)
    draw.ellipse((152, 84, 164, 97), fill=(196, 150, 122))
    draw.polygon(((149, 98), (167, 98), (171, 132), (145, 132)), fill=(46, 52, 78))
    draw.line((153, 132, 149, 156), fill=(36, 36, 42), width=5)
    draw.line((163, 132, 168, 155), fill=(36, 36, 42), width=5)
    draw.line((149, 101, 141, 122), fill=(46, 52, 78), width=4)
    draw.line((167, 101, 175, 121), fill=(46, 52, 78), width=4)
    return image


def grid(images: list[Image.Image]) -> Image.Image:
    """Four pictures in one, as a digest's summary shows them."""
    sheet = Image.new("RGB", SIZE)
    for index, image in enumerate(images):
        sheet.paste(image.resize((160, 90)), (160 * (index % 2), 90 * (index // 2)))
    return sheet


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    empty, open_gate = yard(), yard(gate_open=True)
    van, person = with_van(yard(gate_open=True)), with_person(yard(gate_open=True))
    pictures = {
        "empty": empty,
        "open_gate": open_gate,
        "van": van,
        "person": person,
        "grid": grid([empty, open_gate, van, person]),
    }
    for name, picture in pictures.items():
        picture.save(FOLDER / f"{name}.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
