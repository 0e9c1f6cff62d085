"""A run's folder: configuration, history, best weights, and the checkpoint that an interrupted run goes on from."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.modelcard import CropRule
from maskcam.pending import reason
from training.config import TrainConfig
from training.lock import lock
from training.tf import first_line

BEST = "best.weights.h5"
CONFIG, _STATE, _HISTORY = "config.json", "checkpoint.json", "history.csv"
_NUMBERS = ("rate", "loss", "accuracy", "val_loss", "val_accuracy")
"""What every line of a history holds beside its epoch and phase."""

ROOM_BESIDE = 2_000_000
"""Bytes that must be free beside the numbers themselves: names, tables, the history."""
MEAN_OF_ENDS = "mean of ends"
"""The phase of the history's last line after a training with cycles: what is kept then."""


@dataclass(slots=True)
class Progress:
    """How far a run has come: the next step, validation loss and epoch of the weights kept, the epoch's sums."""

    step: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    batches: int = 0
    loss_sum: float = 0.0
    accuracy_sum: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            whole = name in ("step", "best_epoch", "batches")
            if not isinstance(value, int if whole else (int, float)) or value < 0:
                raise ValueError(f"{name} can't be {value!r}")

    def add(self, loss: float, accuracy: float) -> None:
        """Count a batch."""
        self.step += 1
        self.batches += 1
        self.loss_sum += loss
        self.accuracy_sum += accuracy

    @property
    def loss(self) -> float:
        """The epoch's mean training loss so far."""
        return self.loss_sum / max(self.batches, 1)

    @property
    def accuracy(self) -> float:
        """The epoch's mean training accuracy so far."""
        return self.accuracy_sum / max(self.batches, 1)

    def next_epoch(self) -> None:
        """Begin the means anew."""
        self.batches, self.loss_sum, self.accuracy_sum = 0, 0.0, 0.0


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is read or made yet."""
        self.path = path

    @property
    def best(self) -> Path:
        """The weights kept: those with the least validation loss, or the mean that a training with cycles ends with."""
        return self.path / BEST

    def start(self, config: TrainConfig) -> None:
        """Make the folder and write the configuration; UnusableInput when a run already lies there."""
        self.check_free()
        text = json.dumps({**asdict(config), "crop": asdict(CropRule())}, indent=2) + "\n"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._write(CONFIG, lambda part: part.write_text(text, encoding="utf-8"))
        except OSError as error:
            raise UnusableInput(f"{self.path}: can't be written to ({reason(error)}); name another folder") from None

    def check_free(self) -> None:
        """Raise UnusableInput when a run already lies here, or what is left of one, or something that is no folder."""
        if (self.path / CONFIG).exists():
            raise UnusableInput(f"{self.path}: holds a run already; go on with --resume or name another folder")
        if left := [name for name in (_STATE, BEST, _HISTORY) if (self.path / name).exists()]:
            # A new run would go on from it, or keep the old weights as its own best.
            raise UnusableInput(f"{self.path}: holds {', '.join(left)} of another run; name another folder")
        nearest = next((one for one in (self.path, *self.path.parents) if one.exists()), self.path)
        if nearest.exists() and not nearest.is_dir():
            raise UnusableInput(f"{nearest}: is no folder; name another")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the run to this process, which is begun; UnusableInput where another one trains in it.

        Two would remove each other's checkpoints.
        """
        with (self.path / CONFIG).open("rb") as file:
            if not lock(file):
                raise UnusableInput(f"{self.path}: another process trains in it; let it end, or name another folder")
            yield

    def config(self) -> tuple[TrainConfig, CropRule]:
        """Read the configuration and the crop rule that the run was trained with; UnusableInput for no run."""
        try:
            fields = json.loads((self.path / CONFIG).read_text(encoding="utf-8"))
            crop = CropRule(**fields.pop("crop"))
            return TrainConfig(**fields), crop
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UnusableInput(f"{self.path}: holds no training run ({reason(error)})") from None

    def save(self, model: Any, optimizer: Any, progress: Progress) -> None:
        """Write the checkpoint; an older one stays until the new one is whole. Raises FailedOnTheWay."""
        name = f"checkpoint-{progress.step}"
        self._check_room(name, [*model.weights, *optimizer.variables])
        try:
            model.save_weights(self.path / f"{name}.weights.h5")
            variables = {f"v{place}": np.asarray(one) for place, one in enumerate(optimizer.variables)}
            with (self.path / f"{name}.npz").open("wb") as file:
                np.savez(file, **variables)  # type: ignore[arg-type]
            state = json.dumps({"name": name, **asdict(progress)}) + "\n"
            self._write(_STATE, lambda part: part.write_text(state, encoding="utf-8"))
        except OSError as error:
            raise self._unwritten("the checkpoint", error) from None
        for old in self.path.glob("checkpoint-*"):
            if old.name.split(".")[0] != name:
                old.unlink()

    def progress(self) -> tuple[Progress, str] | None:
        """Return how far the checkpoint came and its name, None when there is none; UnusableInput for a torn one."""
        try:
            state = json.loads((self.path / _STATE).read_text(encoding="utf-8"))
            name = str(state.pop("name"))
            return Progress(**state), name
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(error) from None

    def restore_weights(self, model: Any, name: str) -> None:
        """Load the checkpoint's weights; UnusableInput when they are gone or damaged."""
        self._load(model, self.path / f"{name}.weights.h5")

    def save_best(self, model: Any, epoch: int, loss: float) -> None:
        """Write the weights to be kept so far, and in the same file of which epoch they are. Raises FailedOnTheWay."""
        self._check_room(BEST, model.weights)

        def fill(path: Path) -> None:
            import h5py  # noqa: PLC0415 (slow to import, and much that reads a run needs none of it)

            model.save_weights(path)
            with h5py.File(path, "r+") as file:
                file.attrs["epoch"], file.attrs["validation_loss"] = epoch, loss

        self.put(BEST, fill)

    def kept(self) -> tuple[int, float] | None:
        """Return epoch and validation loss of the weights kept, None where they don't say.

        After a crash they may be of an epoch that no checkpoint knows.
        """
        import h5py  # noqa: PLC0415

        try:
            with h5py.File(self.best) as file:
                return int(file.attrs["epoch"]), float(file.attrs["validation_loss"])
        except (OSError, KeyError, ValueError, TypeError, RuntimeError):  # h5py, of a damaged file
            return None

    def save_end(self, model: Any, place: int) -> None:
        """Write the weights of the end of a fall of the rate, counted from 0. Raises FailedOnTheWay."""
        self._check_room(self._end(place).name, model.weights)
        self.put(self._end(place).name, model.save_weights)

    def restore_end(self, model: Any, place: int) -> None:
        """Load the weights of such an end; UnusableInput when they are gone or damaged."""
        self._load(model, self._end(place))

    def put(self, name: str, fill: Callable[[Path], object]) -> None:
        """Have `fill` write a file, then give it its name; an older one stays until then. Raises FailedOnTheWay."""
        try:
            self._write(name, fill)
        except OSError as error:
            raise self._unwritten(name, error) from None

    def _write(self, name: str, fill: Callable[[Path], object]) -> None:
        part = self.path / f"part.{name}"
        fill(part)
        part.replace(self.path / name)

    def _end(self, place: int) -> Path:
        return self.path / f"end-{place}.weights.h5"

    def restore_best(self, model: Any) -> None:
        """Load the best weights; UnusableInput when they are damaged, or of another network."""
        self._load(model, self.best)

    def restore_optimizer(self, optimizer: Any, name: str) -> None:
        """Load the optimizer's state; UnusableInput when it is gone, damaged or another optimizer's."""
        try:
            with np.load(self.path / f"{name}.npz") as stored:
                values = [stored[f"v{place}"] for place in range(len(stored.files))]
            if [value.shape for value in values] != [tuple(one.shape) for one in optimizer.variables]:
                raise ValueError("the optimizer's state has other shapes")
        except Exception as error:  # NumPy and zipfile as well
            raise self._damaged(error) from None
        for one, value in zip(optimizer.variables, values, strict=True):
            one.assign(value)

    def add_history(self, row: dict[str, float | int | str]) -> None:
        """Add an epoch's line to the history; it replaces that of an epoch that is done again after a crash.

        Raises FailedOnTheWay.
        """
        before = [one for one in self.history() if int(one["epoch"]) < int(row["epoch"])]
        rows = [*before, {name: str(value) for name, value in row.items()}]
        names = list(dict.fromkeys(name for one in rows[::-1] for name in one))  # columns that somebody added are kept

        def fill(path: Path) -> None:
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, fieldnames=names)
                writer.writeheader()
                writer.writerows(rows)

        self.put(_HISTORY, fill)

    def history(self) -> list[dict[str, str]]:
        """Read the history; empty when there is none."""
        path = self.path / _HISTORY
        if not path.exists():
            return []
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            for row in rows:
                int(row["epoch"])
                if not row["phase"] or None in row or None in row.values():
                    raise ValueError("a line without its phase, cut short, or too long")
                for name in _NUMBERS:
                    float(row[name])
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise UnusableInput(f"{path}: not the history of a training ({error!r}); start a new run") from None
        return rows

    def _check_room(self, what: str, variables: Iterable[Any]) -> None:
        """Raise FailedOnTheWay where the disk is too full: HDF5 takes the whole process with it, unsaid."""
        wanted = ROOM_BESIDE + 4 * sum(math.prod(one.shape) for one in variables)
        try:
            left = shutil.disk_usage(self.path).free
        except OSError:
            return  # told of when it is written
        if left < wanted:
            raise FailedOnTheWay(
                f"{self.path}: {what} can't be written ({left / 1e6:.0f} MB are free, {wanted / 1e6:.0f} needed); make"
                " room and go on with --resume"
            )

    def _unwritten(self, what: str, error: OSError) -> FailedOnTheWay:
        return FailedOnTheWay(f"{self.path}: {what} can't be written ({reason(error)}); go on with --resume")

    def _load(self, model: Any, path: Path) -> None:
        try:
            model.load_weights(path)
        except Exception as error:  # Keras and h5py raise whatever a damaged file drives them to
            what = f"damaged, or not the weights of this run ({first_line(error)})"
            raise UnusableInput(f"{path}: {what}; start a new run") from None

    def _damaged(self, error: Exception) -> UnusableInput:
        return UnusableInput(f"{self.path}: the checkpoint is damaged ({first_line(error)}); start a new run")
