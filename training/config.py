"""Every number of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskcam.modelcard import NOT_FACE
from training.manifest import ALL_LABELS, LABELS
from training.precision import CHOICES, FLOAT32
from training.sampling import INGREDIENTS

_LEAST = {"batch": 1, "epoch_images": 1, "hidden": 1, "head_epochs": 0, "epochs": 0, "cycles": 0, "seed": 0}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Every number of a training; written to the run's folder and into the model card.

    `without` names what is left out of `training.sampling.INGREDIENTS`; `sources` those trained on, none for all;
    `labels` are what the network answers, in order, found in the data; `recipe` tells the code that decided what was
    shown, "" where that wasn't put down. A `precision` of `FASTEST` is settled before the run begins.
    """

    manifest: str
    weights: str | None
    input_size: int = 160
    batch: int = 32
    epoch_images: int = 4096
    head_epochs: int = 1
    epochs: int = 8
    cycles: int = 0
    cycle_epochs: int = 8
    rate: float = 3e-4
    cycle_rate: float = 1.5e-4
    head_rate: float = 1e-3
    warm_up: float = 0.05
    hidden: int = 256
    dropout: float = 0.3
    smoothing: float = 0.05
    clip: float = 1.0
    precision: str = FLOAT32
    seed: int = 1
    without: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = LABELS
    manifest_sha256: str = ""
    recipe: str = ""
    weights_origin: str = ""
    weights_licence: str = ""

    def __post_init__(self) -> None:
        # JSON and the command line bring lists.
        object.__setattr__(self, "without", tuple(self.without))
        object.__setattr__(self, "sources", tuple(self.sources))
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.labels not in (LABELS, ALL_LABELS):
            raise ValueError(f"labels are {', '.join(LABELS)} and perhaps {NOT_FACE}, not {', '.join(self.labels)}")
        if self.precision not in CHOICES:
            raise ValueError(f"precision is one of {', '.join(CHOICES)}, not {self.precision}")
        unknown = set(self.without) - set(INGREDIENTS)
        if unknown:
            raise ValueError(f"no training has {', '.join(sorted(unknown))}; known are {', '.join(INGREDIENTS)}")
        self._check_numbers()
        if self.seed >= 2**32:
            raise ValueError("a seed has at most 32 bits")
        if self.cycles and min(self.epochs, self.cycle_epochs) < 1:
            raise ValueError("cycles follow upon epochs of all layers, and have epochs themselves")
        if self.head_epochs + self.epochs < 1:
            raise ValueError("a training has at least one epoch")

    def _check_numbers(self) -> None:
        for name, least in _LEAST.items():
            if (value := getattr(self, name)) < least:
                raise ValueError(f"{_option(name)} must be at least {least}, not {value}")
        for name in ("rate", "head_rate", "cycle_rate"):
            if not 0 < (value := getattr(self, name)) < 1:
                raise ValueError(f"{_option(name)} must be above 0 and below 1, not {value:g}")
        for name, most in (("dropout", 1), ("smoothing", 0.5), ("warm_up", 1)):
            if not 0 <= (value := getattr(self, name)) < most:
                raise ValueError(f"{_option(name)} must be from 0 to below {most:g}, not {value:g}")
        if not 75 <= self.input_size <= 1024:
            raise ValueError(f"{_option('input_size')} must be from 75 to 1024 px, not {self.input_size}")
        if not 0 < self.clip < math.inf:
            raise ValueError(f"{_option('clip')} must be above 0 and finite, not {self.clip:g}")

    @property
    def epoch_steps(self) -> int:
        """Batches in an epoch."""
        return max(self.epoch_images // self.batch, 1)

    @property
    def head_steps(self) -> int:
        """Batches of the first phase, in which only the new layers and the BatchNorms learn."""
        return self.head_epochs * self.epoch_steps

    @property
    def ends(self) -> tuple[int, ...]:
        """Steps after which the rate has come down to nothing: that of all layers, then that of each cycle."""
        first = self.head_epochs + self.epochs
        return tuple((first + cycle * self.cycle_epochs) * self.epoch_steps for cycle in range(self.cycles + 1))

    @property
    def steps(self) -> int:
        """Batches of both phases."""
        return self.ends[-1]


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
