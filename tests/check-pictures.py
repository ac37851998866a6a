"""check-pictures.py FILE...: whether the text of SVG pictures, in files of their own or in a page, is within
them and on no other text, by the widths of characters; prints how many texts there are.

A character is taken to be 0.6 of the font's size wide where text must fit, and half of it where it must not
touch other text: usual fonts are between the two."""

import re
import sys
import unicodedata
from html.parser import HTMLParser

SIZE = {"s": 11, "t": 14}
WIDE, NARROW = 0.6, 0.5


def columns(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Pictures(HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack, self.texts, self.open, self.skip, self.bad = [], [], None, 0, []
        self.total = 0

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "svg" and not self.stack:
            width, height = map(float, a["viewbox"].split()[2:])
            self.stack = [("svg", 0, width, 0, height)]
            self.label, self.texts = a.get("aria-label", "a key"), []
        elif tag == "svg":
            _, _, _, shift, high = self.stack[-1]
            left = float(a["x"])
            self.stack.append(("svg", left, left + float(a["width"]), shift, high))
        elif tag == "g":
            _, low, high, shift, bottom = self.stack[-1]
            move = float(re.fullmatch(r"translate\(0 (-?[\d.]+)\)", a["transform"])[1])
            self.stack.append(("g", low, high, shift + move, bottom))
        elif tag == "text":
            self.open = [a.get("class", "").split(), float(a["x"]), float(a["y"]), ""]
        elif tag == "title":
            self.skip += 1

    def handle_data(self, data):
        if self.open and not self.skip:
            self.open[3] += data

    def handle_endtag(self, tag):
        if tag == "title":
            self.skip -= 1
        elif tag == "text":
            self.place(*self.open)
            self.open = None
        elif tag in ("svg", "g") and self.stack:
            self.stack.pop()
            if not self.stack:
                self.overlaps()

    def box(self, classes, x, y, text, share):
        size = next((SIZE[c] for c in classes if c in SIZE), 12)
        wide = columns(text) * size * share * (1.08 if "b" in classes or "t" in classes else 1)
        left = x - (wide if "e" in classes else wide / 2 if "m" in classes else 0)
        return left, left + wide, y - size * 0.7, y

    def place(self, classes, x, y, text):
        if not text.strip():
            return
        self.total += 1
        _, low, high, shift, bottom = self.stack[-1]
        left, right, top, base = self.box(classes, x, y + shift, text, WIDE)
        if left < low - 0.5 or right > high + 0.5 or top < 0 or base > bottom:
            self.bad.append(f"{self.label}: {text!r} is at {left:.0f}..{right:.0f}, {top:.0f}..{base:.0f} "
                            f"of {low:.0f}..{high:.0f}, 0..{bottom:.0f}")
        self.texts.append((self.box(classes, x, y + shift, text, NARROW), text))

    def overlaps(self):
        order = sorted(self.texts, key=lambda t: t[0][2])
        for i, (one, text) in enumerate(order):
            for other, below in order[i + 1:]:
                if other[2] >= one[3] - 0.5:
                    break
                if one[0] < other[1] - 0.5 and other[0] < one[1] - 0.5:
                    self.bad.append(f"{self.label}: {text!r} and {below!r} are on each other")


total = 0
for name in sys.argv[1:]:
    pictures = Pictures()
    with open(name, encoding="utf-8") as file:
        pictures.feed(file.read())
    if pictures.bad:
        sys.exit(f"{name}: " + "\n".join(pictures.bad[:20]))
    total += pictures.total
print(total)
