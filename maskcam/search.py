"""Where the detector looks in a frame so that it finds small faces too: the whole frame, then ever smaller tiles.

MediaPipe's detector shrinks what it is given to 128 pixels, so that it sees no face much smaller than a seventh of the
picture. Tiles overlap, so that a face cut by one's edge is whole in the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

REACH = 6.25
"""A look finds faces from its longer side divided by this on, nearly all of them."""
CLOSE_REACH = 5.2
"""The same where a face that is missed stays missed: finer tiles, as not all faces just in `REACH` are found."""
STEP = 0.6
"""About how much smaller each round of tiles is than the one before: all steps of a plan are alike, and none halves."""
OVERLAP = 0.3
"""Share of a tile's side that it has in common with the next: a face of a finer round's size is whole in one."""
SMALLEST_FACE = 24
"""Pixels of width down to which faces are looked for unless something else is asked."""
SMALLEST_LIVE_FACE = 40
"""The same where the tiles take turns: three times as many would take too long to go round."""
LEAST_FACE = 12
"""Fewer can't be asked for: no face that small can be judged, and the tiles would be without number."""
LARGEST_FACE = 8192
"""More can't be asked for: no picture has more."""


class Effort(StrEnum):
    """How much of a frame is searched, and when."""

    CLOSELY = "closely"
    """All of it, in finer tiles: for a picture that stands alone, where no next one makes up for a miss."""
    EVERYTHING = "everything"
    """All of it in every frame."""
    IN_TURNS = "in turns"
    """In every frame the whole, and around those expected who don't plainly show there; the tiles in turns. For what
    must keep pace."""
    WHOLE_ONLY = "whole only"
    """The whole frame alone, so that only larger faces are found."""


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """A part of the frame that the detector is shown: pixels, the right and lower edge exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):
            raise ValueError(f"a look has an area inside the frame, not {self}")

    @property
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.right - self.left, self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """The looks for frames of one size: the whole frame first, then round by round, coarse to fine."""

    width: int
    height: int
    smallest: int
    rounds: tuple[tuple[Look, ...], ...]

    @property
    def looks(self) -> tuple[Look, ...]:
        """All looks in order."""
        return tuple(look for one in self.rounds for look in one)

    def share(self, turn: int, count: int, turns: int = 1) -> tuple[Look, ...]:
        """Return the looks of one turn: the whole frame, and at most `count` tiles that lie far apart.

        Turns in a row share all tiles out among them, each once. With more `turns` than one come those of the turns
        before, too.
        """
        tiles = self.looks[1:]
        all_turns = max(math.ceil(len(tiles) / count), 1)
        own = [tiles[(turn - back) % all_turns :: all_turns] for back in range(min(turns, all_turns))]
        return self.looks[:1] + tuple(look for part in own for look in part)

    def __str__(self) -> str:
        sides = ", ".join(f"{len(one)} of {one[0].side} px" for one in self.rounds[1:])
        more = f", then tiles: {sides}; {len(self.looks)} looks in all" if sides else ""
        return f"faces from {self.smallest} px in {self.width}x{self.height}: the whole frame{more}"


@lru_cache(maxsize=16)
def plan_search(width: int, height: int, smallest: int = SMALLEST_FACE, reach: float = REACH) -> SearchPlan:
    """Plan the looks for frames of `width` x `height` pixels, so that faces `smallest` pixels wide are found.

    The finest tiles are `reach` times that wide. ValueError for a frame or a face without pixels, and for a reach
    with which a face would not fit in what tiles have in common.
    """
    if min(width, height, smallest) < 1:
        raise ValueError(f"can't look for faces of {smallest} px in a frame of {width} x {height}")
    if reach * OVERLAP <= 1:
        raise ValueError(f"with a reach of {reach:g} a face that one tile's edge cuts would not be whole in the next")
    longer, finest = max(width, height), math.ceil(smallest * reach)
    # A third of a step is not worth one more round: sides half as long, what one misses still fits the next's OVERLAP.
    steps = max(math.ceil(math.log(longer / finest) / -math.log(STEP) - 0.35), 1) if longer > finest else 0
    rounds: list[tuple[Look, ...]] = [(Look(0, 0, width, height),)]
    for step in range(1, steps + 1):
        side = round(longer * (finest / longer) ** (step / steps))
        rounds.append(
            tuple(
                Look(left, top, min(left + side, width), min(top + side, height))
                for top in _starts(height, side)
                for left in _starts(width, side)
            )
        )
    return SearchPlan(width, height, smallest, tuple(rounds))


def _starts(length: int, side: int) -> list[int]:
    """Return where tiles begin so that they cover `length` evenly, `OVERLAP` of a side or more in common."""
    if length <= side:
        return [0]
    count = math.ceil((length - side * OVERLAP) / (side * (1 - OVERLAP)))
    return [round(place * (length - side) / (count - 1)) for place in range(count)]
