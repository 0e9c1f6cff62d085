"""Which original a picture of a class folder shows, by its name.

In the 12k set `Augmented_463_...` is `2.jpg`, turned, shifted or pixelated: the first number counts the originals of
all three parts together, by name. Nothing says so, but it is to be seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_COPY = re.compile(r"Augmented_(\d+)_\d+")


@dataclass(frozen=True, slots=True)
class Originals:
    """The originals of one class in all parts, in the order in which copies count them; none where the count is off.

    `alike` are those that only their endings tell from another one in their folder.
    """

    counted: tuple[Path, ...]
    alike: frozenset[Path]

    @classmethod
    def among(cls, pictures: Iterable[Path]) -> Originals:
        """Read the names of all pictures of a class.

        One picture too many or too few would shift all behind it to another original, and copies of what is judged
        into training; so where there are not as many originals as the copies' numbers say, none is theirs.
        """
        names = {path: _COPY.fullmatch(path.stem) for path in pictures}
        plain = sorted((path for path, copy in names.items() if copy is None), key=lambda path: (path.stem, path))
        highest = max((int(copy[1]) for copy in names.values() if copy is not None), default=-1)
        stems = Counter((path.parent, path.stem) for path in plain)
        alike = frozenset(path for path in plain if stems[path.parent, path.stem] > 1)
        return cls(tuple(plain) if len(plain) == highest + 1 else (), alike)

    def lacks(self, path: Path) -> bool:
        """Return whether a picture is a copy of an original that can't be told."""
        copy = _COPY.fullmatch(path.stem)
        return copy is not None and int(copy[1]) >= len(self.counted)

    def name(self, path: Path) -> str:
        """Return a name for the original that a picture shows, the same for all that show it."""
        copy = _COPY.fullmatch(path.stem)
        if copy is not None:
            if self.lacks(path):
                return f"augmented-{int(copy[1])}"
            path = self.counted[int(copy[1])]
        return f"{path.parent.parent.name}/{path.name if path in self.alike else path.stem}"
