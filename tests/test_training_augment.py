"""Augmentation: every view is chance, fixed by its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskcam.crops import resize
from tests.drawn_faces import draw_face
from tests.training_parts import SIZE, whole
from training.augment import COLOUR, DARK, PATCH, SPOIL, _scale_down, _warp, augment
from training.pictures import Surrounded
from training.recipe import HARDER, PLAIN, Recipe

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 40), (288, 31), (96, 96), (600, 600), (2, 2)])
@pytest.mark.parametrize("size", [75, 160])
def test_augmentation_takes_any_size(height: int, width: int, size: int) -> None:
    source = whole(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    before = source.picture.copy()
    for seed in range(60):
        view = augment(source, size, np.random.default_rng(seed))
        assert view.shape == (size, size, 3)
        assert view.dtype == np.uint8
    assert (source.picture == before).all(), "the kept picture stays as it is"


def test_augmentation_is_chance_fixed_by_the_seed() -> None:
    source = whole(draw_face(True, 1))
    views = [augment(source, SIZE, np.random.default_rng(seed)) for seed in range(30)]
    again = [augment(source, SIZE, np.random.default_rng(seed)) for seed in range(30)]
    assert all((one == other).all() for one, other in zip(views, again, strict=True))
    assert len({one.tobytes() for one in views}) == 30


def test_augmentation_shows_the_crop_and_not_its_surroundings() -> None:
    picture = np.zeros((180, 180, 3), np.uint8)
    picture[40:140, 40:140] = 255
    source = Surrounded(picture, (40.0, 40.0, 140.0, 140.0))
    mean = np.mean([augment(source, SIZE, np.random.default_rng(seed)) for seed in range(200)], axis=0)
    middle = mean[SIZE // 3 : -SIZE // 3, SIZE // 3 : -SIZE // 3].mean()
    rim = np.concatenate([mean[0], mean[-1], mean[:, 0], mean[:, -1]]).mean()
    assert middle > 190
    assert 40 < rim < middle - 40, "shift, zoom and rotation bring some of the surroundings in, not much"


def test_augmentation_brings_what_it_promises() -> None:
    """Detail is lost on many views and kept on many; some are grey; light differs; they are mirrored."""
    size = 160
    noise = np.random.default_rng(5).integers(0, 256, (size, size, 3), np.uint8)
    detail = [
        float(np.abs(np.diff(augment(whole(noise), size, np.random.default_rng(seed)).astype(float), axis=1)).mean())
        for seed in range(200)
    ]
    assert np.quantile(detail, 0.1) < 0.15 * np.quantile(detail, 0.9)
    ramp = np.repeat(np.linspace(60, 200, size).astype(np.uint8)[None, :, None], size, axis=0)
    coloured = np.concatenate([ramp, ramp // 2, ramp // 3], axis=2)
    views = [augment(whole(coloured), size, np.random.default_rng(seed)).astype(float) for seed in range(200)]
    grey = sum(float(np.ptp(one.mean(axis=(0, 1)))) < 6 for one in views)
    assert 5 <= grey <= 40
    assert np.std([one.mean() for one in views]) > 8
    mirrored = sum(one[:, : size // 3].mean() > one[:, -size // 3 :].mean() for one in views)
    assert 70 <= mirrored <= 130


def test_views_are_scaled_down_to_the_smallest_size_and_not_below() -> None:
    """A black and white edge, scaled down to n pixels and up again, gets a slope of about size / n pixels."""
    size = 160
    picture = np.zeros((size, size, 3), np.uint8)
    picture[:, size // 2 :] = 255
    slopes = []
    for seed in range(400):
        row = augment(whole(picture), size, np.random.default_rng(seed)).astype(float).mean(axis=2)[size // 2]
        low, high = np.quantile(row, 0.05), np.quantile(row, 0.95)
        if high - low > 60:
            share = (row - low) / (high - low)
            slopes.append(int(((share > 0.25) & (share < 0.75)).sum()))
    assert len(slopes) > 300
    assert np.quantile(slopes, 0.2) <= 3, "many stay sharp"
    assert max(slopes) >= size / PLAIN.smallest / 2, "some lose nearly everything"


@pytest.mark.parametrize("step", ["_patch", "_colour", "_darken", "_blur", "_scale_down", "_noise", "_jpeg", "_warp"])
def test_every_step_of_augmentation_changes_the_picture(step: str) -> None:
    import skimage.data

    from training import augment as steps

    face = np.array(skimage.data.astronaut()[75:178, 177:280], np.uint8)
    first = Surrounded(face, (0.0, 0.0, 103.0, 103.0)) if step == "_warp" else face
    before, after = (96,) if step == "_warp" else (), (PLAIN,) if step == "_scale_down" else ()
    changed = [getattr(steps, step)(first, *before, np.random.default_rng(seed), *after) for seed in range(20)]
    assert all(one.dtype == np.uint8 and one.ndim == 3 for one in changed)
    assert sum(one.shape != face.shape or not np.array_equal(one, face) for one in changed) >= 18


def test_augment_takes_every_step_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    from training import augment as steps

    taken: dict[str, int] = {}

    def counted(name: str, work: Callable[..., object]) -> Callable[..., object]:
        def step(*given: object) -> object:
            taken[name] = taken.get(name, 0) + 1
            return work(*given)

        return step

    names = ["_patch", "_colour", "_darken", "_blur", "_scale_down", "_noise", "_jpeg", "_warp"]
    for name in names:
        monkeypatch.setattr(steps, name, counted(name, getattr(steps, name)))
    source = Surrounded(np.full((60, 60, 3), 120, np.uint8), (0.0, 0.0, 60.0, 60.0))
    for seed in range(200):
        steps.augment(source, 75, np.random.default_rng(seed))
    assert set(taken) == set(names)
    assert min(taken.values()) > 20


def test_the_harder_recipe_makes_more_views_very_small_and_none_smaller_than_it_says() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (160, 160, 3), np.uint8)

    def detail(recipe: Recipe) -> np.ndarray:
        views = [augment(whole(noise), 160, np.random.default_rng(seed), (), recipe) for seed in range(300)]
        return np.array([float(np.abs(np.diff(view.astype(float), axis=1)).mean()) for view in views])

    plain, harder = detail(PLAIN), detail(HARDER)
    assert np.median(harder) < 0.9 * np.median(plain)
    for recipe in (PLAIN, HARDER):
        sides = [len(_scale_down(noise, np.random.default_rng(seed), recipe)) for seed in range(1000)]
        assert recipe.smallest <= min(sides) <= recipe.smallest + 1
    sharp = detail(replace(PLAIN, scaled_down=0.0))
    assert (sharp >= plain - 1e-9).mean() > 0.9, "what is not scaled down keeps its detail"


@pytest.mark.parametrize(
    "wrong",
    [
        {"scaled_down": 1.1},
        {"blocky": -0.1},
        {"smallest": 0},
        {"towards_small": 0.0},
        {"covers": (0.5, 0.4, 0.0, 0.0, 0.0, 0.0)},
        {"covers": (1.5, -0.5, 0.0, 0.0, 0.0, 0.0)},
    ],
)
def test_a_recipe_refuses_nonsense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"shares|smallest"):
        Recipe(**wrong)


class Plain:
    """Takes no chance: every draw is in the middle, and nothing rare happens."""

    def random(self) -> float:
        return 0.9

    def normal(self, middle: float, spread: float, size: int | None = None) -> Any:
        return middle if size is None else np.full(size, middle)

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2

    def integers(self, low: int, high: int, size: int) -> Any:
        return np.full(size, low)


@pytest.mark.parametrize("side", [16, 40, 75, 120])
def test_a_view_lies_where_the_app_s_crop_does(side: int) -> None:
    """Straight gradients, which every way of scaling keeps."""
    steps = np.linspace(20, 235, side)
    picture = np.stack([*np.meshgrid(steps, steps), np.full((side, side), 90.0)], axis=-1).astype(np.uint8)
    view = _warp(whole(picture), SIZE, Plain())  # type: ignore[arg-type]
    inner = slice(SIZE // 8, -SIZE // 8)
    apart = view.astype(float)[inner, inner] - resize(picture, SIZE)[inner, inner]
    assert np.abs(apart.mean(axis=(0, 1))).max() < 0.6, "half a pixel of the source would be more"


def test_no_shape_tells_a_squeezed_picture_from_another() -> None:
    """A round face, and one half as wide again, as pictures that aren't square become when they are made so."""
    y, x = np.mgrid[:120, :120] - 59.5

    def aspects(squeeze: float) -> Any:
        face = np.repeat(((np.hypot(x * squeeze, y / squeeze) < 36) * np.uint8(255))[..., None], 3, axis=2)
        without = {PATCH, COLOUR, DARK, SPOIL}
        views = [augment(whole(face), 96, np.random.default_rng(seed), without)[..., 0] > 127 for seed in range(300)]
        points = [np.argwhere(view) for view in views if view.any()]
        return np.array([np.log(np.ptp(one[:, 0]) / np.ptp(one[:, 1])) for one in points if len(one) > 50])

    round_ones, narrow = aspects(1.0), aspects(1.5**0.5)
    assert np.quantile(round_ones, 0.97) > np.quantile(narrow, 0.3)
    assert np.quantile(round_ones, 0.03) < -0.25, "wide ones too"
