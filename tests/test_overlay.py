import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from maskcam.frames import Flags, Pixels, Reason, Result, Verdict
from maskcam.overlay import draw, text_size, wording
from maskcam.overlay_patches import COLOURS, INK, PAPER, Colour, _font, symbol, text
from tests.support import contrast

GOLDEN = Path(__file__).parent / "golden"
MASK, BARE, UNSURE = Verdict.MASK, Verdict.NO_MASK, Verdict.UNSURE

Person = tuple[tuple[float, ...], Verdict, float, int, Reason | None, bool]
SMALL, BLURRED, CUT_OFF, MIXED = Reason.TOO_SMALL, Reason.TOO_BLURRED, Reason.CUT_OFF, Reason.MIXED


def person(
    box: tuple[float, ...],
    verdict: Verdict,
    bare: float,
    track: int = 1,
    reason: Reason | None = None,
    *,
    detected: bool = True,
) -> Person:
    return box, verdict, bare, track, reason, detected


def result(width: int, height: int, *people: Person) -> Result:
    n = len(people)
    bare = np.array([p[2] for p in people], np.float32)
    return Result(
        0,
        0.0,
        width,
        height,
        np.array([p[0] for p in people], np.float32).reshape(n, 4),
        np.full(n, 0.9, np.float32),
        np.array([p[3] for p in people], np.int64),
        np.array([p[5] for p in people], np.bool_),
        bare,
        bare,
        tuple(p[1] for p in people),
        tuple(p[4] for p in people),
        np.zeros(n, np.float32),
    )


def ground(width: int, height: int) -> Pixels:
    """A plain picture that runs from dark to light and from cool to warm."""
    x, y = np.linspace(0, 1, width)[None, :, None], np.linspace(0, 1, height)[:, None, None]
    shade = 40 + 150 * x + np.array([40, 10, -10]) * y + np.array([0, 10, 30]) * (1 - x)
    # In steps, so that the golden files stay small.
    return (shade // 16 * 16).astype(np.uint8)


def street() -> Result:
    """Ten people of every kind at 1280 x 720, some small and some near the edge."""
    return result(
        1280,
        720,
        person((90, 150, 250, 360), MASK, 0.02, 1),
        person((400, 150, 560, 360), BARE, 0.97, 2),
        person((710, 150, 870, 360), UNSURE, 0.55, 3, BLURRED),
        person((1060, 150, 1220, 360), UNSURE, 0.45, 4, MIXED),
        person((90, 460, 250, 670), MASK, 0.1, 5, detected=False),
        person((400, 460, 560, 670), BARE, 0.9, 6, detected=False),
        person((710, 460, 870, 670), UNSURE, 0.6, 7, SMALL, detected=False),
        person((1100, 500, 1124, 530), BARE, 0.9, 8),
        person((1180, 600, 1200, 626), MASK, 0.1, 9),
        person((1020, 640, 1044, 668), UNSURE, 0.5, 10, SMALL),
    )


def crowd() -> Result:
    """Ten faces close together: labels must find room between them."""
    boxes = [(120 + 210 * (k % 5), 180 + 230 * (k // 5) + 25 * (k % 2)) for k in range(10)]
    kinds = itertools.cycle([(MASK, 0.03, None), (BARE, 0.95, None), (UNSURE, 0.5, MIXED)])
    return result(
        1280,
        720,
        *(
            person((x, y, x + 120, y + 150), verdict, bare, k + 1, reason)
            for k, ((x, y), (verdict, bare, reason)) in enumerate(zip(boxes, kinds, strict=False))
        ),
    )


def scene_street() -> Pixels:
    return draw(ground(1280, 720), street())


def scene_crowd() -> Pixels:
    return draw(ground(1280, 720), crowd())


def scene_portrait() -> Pixels:
    return draw(astronaut(), result(512, 512, person((170, 60, 275, 190), BARE, 0.98)))[:220, :330]


def scene_portrait_single() -> Pixels:
    return draw(astronaut(), result(512, 512, person((170, 60, 275, 190), UNSURE, 0.41, -1, BLURRED)))[:220, 80:410]


def scene_small_frame() -> Pixels:
    return draw(
        ground(320, 240),
        result(
            320,
            240,
            person((30, 40, 80, 100), MASK, 0.03, 1),
            person((140, 60, 200, 130), BARE, 0.9, 2),
            person((240, 150, 256, 170), UNSURE, 0.5, 3, SMALL),
            person((60, 190, 90, 225), UNSURE, 0.5, 4, BLURRED, detected=False),
        ),
    )


def scene_edges() -> Pixels:
    return draw(
        ground(640, 480),
        result(
            640,
            480,
            person((0, 0, 90, 110), BARE, 0.93, 1),
            person((560, 0, 640, 100), MASK, 0.04, 2),
            person((0, 390, 100, 480), UNSURE, 0.52, 3, MIXED),
            person((570, 400, 640, 480), BARE, 0.88, 4, detected=False),
            person((250, 0, 390, 480), MASK, 0.2, 5),
        ),
    )


def scene_nobody() -> Pixels:
    return draw(ground(320, 180), result(320, 180))


def scene_4k() -> Pixels:
    whole = draw(
        ground(3840, 2160),
        result(
            3840,
            2160,
            person((600, 600, 1000, 1150), MASK, 0.03, 1),
            person((1800, 700, 2300, 1350), BARE, 0.9, 2),
            person((3000, 1000, 3060, 1080), UNSURE, 0.5, 3, SMALL),
        ),
    )
    return cv2.resize(whole, (960, 540), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    "scene",
    [
        *(scene_street, scene_crowd, scene_portrait, scene_portrait_single),
        *(scene_small_frame, scene_edges, scene_nobody, scene_4k),
    ],
)
def test_the_picture_is_as_it_was(scene: Callable[[], Pixels], request: pytest.FixtureRequest) -> None:
    drawn = scene()
    path = GOLDEN / f"overlay_{scene.__name__.removeprefix('scene_')}.png"
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        Image.fromarray(drawn).save(path, optimize=True)
    golden = np.asarray(Image.open(path).convert("RGB"), np.int16)
    assert golden.shape == drawn.shape
    off = np.abs(golden - drawn)
    # Fonts and lines may be drawn a shade differently by another release; nothing may move or change its colour.
    assert off.mean() < 0.1
    assert (off.max(axis=2) > 60).mean() < 0.001
    # Nor may anything small be missing, which the whole picture hardly shows: an edge of a far face's frame.
    assert cv2.blur(off.mean(axis=2).astype(np.float32), (16, 16)).max() < 12


def changed(image: Pixels, drawn: Pixels) -> Flags:
    return (image != drawn).any(axis=2)


def test_the_input_is_left_alone_and_the_output_is_the_same_each_time() -> None:
    image = ground(1280, 720)
    before = image.copy()
    first, second = draw(image, street()), draw(image, street())
    assert np.array_equal(image, before)
    assert np.array_equal(first, second)
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    assert not np.shares_memory(first, image)


def test_verdicts_can_be_told_apart_without_colour() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    box = (200, 150, 400, 400)
    shapes = []
    for verdict, reason in ((MASK, None), (BARE, None), (UNSURE, MIXED)):
        drawn = draw(image, result(640, 480, person(box, verdict, 0.5, 1, reason)))
        shapes.append(changed(image, drawn)[140:410, 190:410])
    for one, other in itertools.combinations(shapes, 2):
        assert (one != other).sum() > 100
    signs = [symbol(verdict, 24) for verdict in Verdict]
    for one, other in itertools.combinations(signs, 2):
        assert np.abs(one[0].astype(int) - other[0]).mean() > 10
        assert np.abs(one[1].astype(int) - other[1]).mean() > 5


def test_text_stands_out_from_its_plate() -> None:
    # 4.5 is what WCAG 2.2 asks of small text.
    assert all(contrast(colour, INK) >= 4.5 for colour in COLOURS.values())
    assert contrast(INK, PAPER) >= 4.5


def test_coasting_is_drawn_with_less() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    for verdict, reason in ((MASK, None), (BARE, None), (UNSURE, MIXED)):
        seen, coasting = (
            changed(
                image,
                draw(image, result(640, 480, person((200, 150, 400, 400), verdict, 0.5, 1, reason, detected=now))),
            )
            for now in (True, False)
        )
        around = (slice(160, 420), slice(190, 410))
        assert 0 < coasting[around].sum() < 0.7 * seen[around].sum()


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (person((0, 0, 9, 9), MASK, 0.02, 3), ("Mask", "98%  #3")),
        (person((0, 0, 9, 9), BARE, 0.97, 12), ("No mask", "97%  #12")),
        (person((0, 0, 9, 9), UNSURE, 0.55, 1, BLURRED), ("Unsure: too blurred", "55% bare  #1")),
        (person((0, 0, 9, 9), UNSURE, 0.2, 1, SMALL), ("Unsure: too small", "20% bare  #1")),
        (person((0, 0, 9, 9), UNSURE, 0.45, -1, MIXED), ("Unsure: mixed", "45% bare")),
        (person((0, 0, 9, 9), UNSURE, 0.2, 1, CUT_OFF), ("Unsure: cut off", "20% bare  #1")),
        (person((0, 0, 9, 9), MASK, 0.7, 4), ("Mask", "70% bare  #4")),
        (person((0, 0, 9, 9), BARE, 1.0, -1), ("No mask", "99%")),
        (person((0, 0, 9, 9), MASK, 0.0, -1), ("Mask", "99%")),
    ],
)
def test_the_words(who: Person, words: tuple[str, str]) -> None:
    assert wording(result(10, 10, who), 0) == words


def test_the_font_has_every_sign_used() -> None:
    font = _font(40)
    missing = bytes(font.getmask("\ue123"))
    words = "Mask No mask Unsure: too small blurred cut off mixed bare people person unsure 0123456789 % #"
    for sign in set(words) - {" "}:
        drawn = bytes(font.getmask(sign))
        assert any(drawn), sign
        assert drawn != missing, sign


def test_text_is_never_too_small_and_grows_with_the_frame() -> None:
    sizes = [text_size(*size) for size in ((320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160))]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 12
    assert sizes[-1] >= 3 * sizes[2] * 0.95
    assert text("Mask", sizes[0]).max() == 255


def plates(drawn: Pixels, colour: Colour) -> list[list[int]]:
    """Boxes of the areas of nearly this colour that are as large as a label, xywh."""
    near = (np.abs(drawn.astype(int) - np.array(colour)).max(axis=2) < 40).astype(np.uint8)
    near = cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((5, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(near)
    return [row[:4].tolist() for row in stats[1:] if row[2] > 60 and row[4] > 800]


def test_labels_keep_off_faces_and_one_another() -> None:
    drawn = draw(np.full((720, 1280, 3), 128, np.uint8), crowd())
    inside = np.full((720, 1280, 3), 128, np.uint8)
    for x0, y0, x1, y1 in crowd().boxes.astype(int):
        face = (slice(y0 + 8, y1 - 8), slice(x0 + 8, x1 - 8))
        # Only corners of a rounded frame may reach in, no label.
        assert changed(inside, drawn)[face].mean() < 0.12
    for verdict in Verdict:
        assert len(plates(drawn, COLOURS[verdict])) == crowd().count(verdict)


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (40, 2), (30, 20), (64, 64), (150, 100), (100, 1000)])
def test_a_picture_of_any_size_can_be_drawn_on(size: tuple[int, int]) -> None:
    width, height = size
    whole = (0, 0, width, height)
    for detected in (True, False):
        for verdict, reason in ((MASK, None), (BARE, None), (UNSURE, BLURRED)):
            image = np.full((height, width, 3), 200, np.uint8)
            drawn = draw(image, result(width, height, person(whole, verdict, 0.5, 123, reason, detected=detected)))
            assert drawn.shape == image.shape
            assert changed(image, drawn).any() or size == (1, 1)


def test_a_result_of_another_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="fit"):
        draw(np.zeros((10, 20, 3), np.uint8), result(10, 20))
    with pytest.raises(ValueError, match="picture"):
        draw(np.zeros((10, 20), np.uint8), result(20, 10))


def test_people_are_counted_only_where_it_is_wanted() -> None:
    image = ground(1280, 720)
    assert np.array_equal(draw(image, result(1280, 720), counted=False), image)
    one = result(1280, 720, person((600, 300, 700, 420), MASK, 0.1))
    plain, counted = draw(image, one, counted=False), draw(image, one)
    corner = (slice(0, 60), slice(0, 400))
    assert not changed(image, plain)[corner].any()
    assert changed(image, counted)[corner].any()
    assert np.array_equal(plain[100:], counted[100:])


def test_the_counts_move_out_of_a_faces_way() -> None:
    image = np.full((720, 1280, 3), 128, np.uint8)
    free = draw(image, result(1280, 720, person((600, 300, 700, 420), MASK, 0.1)))
    taken = draw(image, result(1280, 720, person((5, 5, 120, 140), MASK, 0.1)))
    assert changed(image, free)[:50, :300].mean() > 0.5
    assert changed(image, taken)[:50, -300:].mean() > 0.5
