"""The plan of the ablation: which change each line of its table makes, and what all lines may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskcam.modelcard import NOT_FACE
from training.augment import COLOUR, DARK, PATCH, SPOIL, WARP
from training.sampling import BALANCE, INGREDIENTS, RENDER

_LARGER = (224, 299)
_ADDED = (
    ("classes and originals weigh the same", (BALANCE,)),
    ("turned, shifted, mirrored, recoloured", (WARP, COLOUR)),
    ("both classes scaled down, blurred, compressed", (SPOIL,)),
)
_DARKENED, _COVERED = ("darkened", (DARK,)), ("covers, and masks drawn on bare faces", (PATCH, RENDER))
_REJECTING = ("a third answer, for what is no face", (NOT_FACE,))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what it adds to the line above, and how it is trained."""

    name: str
    without: tuple[str, ...]
    sources: tuple[str, ...]
    head_only: bool = False
    input_size: int = 160

    def head_epochs(self, epochs: int) -> int:
        """Return in how many of the epochs only the head learns."""
        return epochs if self.head_only else 1

    def options(self, epochs: int) -> list[str]:
        """Return the options of `train` for it; every line sees as many pictures."""
        head = self.head_epochs(epochs)
        counts = ["--head-epochs", str(head), "--epochs", str(epochs - head), "--input-size", str(self.input_size)]
        without = [part for name in self.without for part in ("--without", name)]
        return counts + without + [part for name in self.sources for part in ("--source", name)]


@dataclass(frozen=True, slots=True)
class Budget:
    """What each line may cost, and what all share."""

    weights: str
    precision: str
    epochs: int = 3
    epoch_images: int = 2048
    seed: int = 1
    ladder_faces: int = 200

    def __post_init__(self) -> None:
        if self.epochs < 2 or self.epoch_images < 1 or self.ladder_faces < 1:
            raise ValueError("an ablation needs two epochs, one for the head, and pictures and faces in them")


def plan(sources: Sequence[str], without_faces: Sequence[str] = ()) -> list[Line]:
    """Return the lines for data from `sources`, the first of which is trained on alone at first.

    What is `without_faces` is trained on from the third answer on.
    """
    without: tuple[str, ...] = INGREDIENTS
    lines = [Line(f"as in the textbook: {sources[0]} alone, new layers and BatchNorm", without, (sources[0],), True)]
    for name, added in _ADDED:
        without = tuple(one for one in without if one not in added)
        lines.append(Line(f"+ {name}", without, (sources[0],), True))
    for count in range(2, len(sources) + 1):
        lines.append(Line(f"+ {sources[count - 1]}", without, tuple(sources[:count]), True))
    lines.append(Line("+ all layers learn", without, tuple(sources)))
    for name, added in (_DARKENED, _COVERED):
        without = tuple(one for one in without if one not in added)
        lines.append(Line(f"+ {name}", without, tuple(sources)))
    name, added = _REJECTING
    without, everything = tuple(one for one in without if one not in added), (*sources, *without_faces)
    lines.append(Line(f"+ {name}", without, everything))
    return lines + [Line(f"the same at {size} px", without, everything, input_size=size) for size in _LARGER]
