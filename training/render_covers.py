"""Draws what hides a mouth and is no mask: hands, cups, microphones, beards, flat things, the heads of others.

Every drawing takes a picture `(h, w, 3) uint8 RGB` with the frame of the face in it, and returns another one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from maskcam.frames import Floats, Pixels
from training.face_frame import MOUTH, FaceFrame, blend, brightness, grain, light_on
from training.recipe import PLAIN
from training.render_masks import print_on

Point = tuple[float, float]


def draw_random_cover(
    picture: Pixels, frame: FaceFrame, random: np.random.Generator, shares: Sequence[float] = PLAIN.covers
) -> Pixels:
    """Return `picture` `(h, w, 3) uint8 RGB` with something that hides the mouth or a part of it.

    `shares` say how often that is a hand, a cup, a head, a microphone, a beard, a flat thing.
    """
    kinds = (draw_hand, draw_cup, draw_head, draw_microphone, draw_beard, draw_card)
    return kinds[int(random.choice(len(kinds), p=shares))](picture, frame, random)


def draw_hand(picture: Pixels, frame: FaceFrame, random: np.random.Generator, centre: Point | None = None) -> Pixels:
    """Draw fingers side by side, and mostly the palm they grow from, of the face's own skin."""
    if centre is None:
        centre = (float(random.normal(0, 0.25)), MOUTH + float(random.normal(-0.05, 0.2)))
    towards = float(random.choice([0.0, math.pi])) + float(random.normal(0, 0.5))
    if random.random() < 0.35:
        towards = -math.pi / 2 + float(random.normal(0, 0.5))  # from below
    thick = float(random.uniform(0.11, 0.19))
    count, length = int(random.integers(2, 6)), float(random.uniform(0.8, 1.5))
    along = (math.cos(towards), math.sin(towards))
    across = (-along[1], along[0])
    skin = _skin(picture, frame, random)
    lit = light_on(picture, frame)
    rough = 1 + 0.03 * grain(picture.shape[:2], 40, random)
    back = (centre[0] - along[0] * length, centre[1] - along[1] * length)
    if random.random() < 0.8:
        away, _ = frame.rod(back, (back[0] - along[0] * 1.2, back[1] - along[1] * 1.2))
        wide = thick * count * 1.02
        shade = (1 - 0.35 * np.clip(away / wide, 0, 1) ** 2) * lit * rough
        picture = blend(picture, skin * shade[..., None].astype(np.float32), frame.soft(wide - away))
    for finger in random.permutation(count):
        beside = (finger - (count - 1) / 2) * thick * 2 * float(random.uniform(0.92, 1.08))
        reach = length * (1 - 0.12 * abs(finger - (count - 1) / 2)) * float(random.uniform(0.9, 1.1))
        start = (back[0] + across[0] * beside, back[1] + across[1] * beside)
        bend = float(random.normal(0, 0.08))
        tip = (
            start[0] + along[0] * reach + across[0] * bend + along[0] * length * 0.3,
            start[1] + along[1] * reach + across[1] * bend + along[1] * length * 0.3,
        )
        away, place = frame.rod(start, tip)
        shade = 1.04 - 0.5 * np.clip(away / thick, 0, 1) ** 3
        shade = shade * (1 - 0.12 * np.exp(-(((place - 0.55) / 0.03) ** 2)))  # the joint
        colour = skin * (shade * lit * rough)[..., None].astype(np.float32)
        nail = frame.soft(thick * 0.55 - np.hypot(away, (place - 0.93) * reach).astype(np.float32))
        colour = colour + (np.float32(235) * lit[..., None] - colour) * nail[..., None] * np.float32(0.25)
        picture = blend(picture, colour.astype(np.float32), frame.soft(thick - away))
    return picture


def draw_cup(picture: Pixels, frame: FaceFrame, random: np.random.Generator) -> Pixels:
    """Draw a cup, glass or bottle with its rim at the mouth, and often fingers around it."""
    rim = (float(random.normal(0, 0.12)), MOUTH + float(random.uniform(-0.3, 0.1)))
    x, y = frame.turned(rim, float(random.normal(0, 0.3)))
    wide, long = float(random.uniform(0.3, 0.8)), float(random.uniform(0.9, 2.0))
    narrower = float(random.uniform(0, 0.35))
    half = wide * (1 - narrower * np.clip(y / long, 0, 1))
    bulge = 0.22 * wide * np.sqrt(np.clip(1 - (x / wide) ** 2, 0, 1))  # the rim and foot are seen as ellipses
    inside = np.minimum(np.minimum(half - np.abs(x), y + bulge), long + bulge - y).astype(np.float32)
    around = np.clip(np.abs(x) / np.maximum(half, 1e-3), 0, 1)
    shade = 1.05 - float(random.uniform(0.25, 0.6)) * around**2.2
    if random.random() < 0.6:  # a highlight along one side
        shade = shade + 0.3 * np.exp(-(((x / wide - float(random.uniform(-0.6, 0.6))) / 0.1) ** 2))
    colour = np.broadcast_to(random.uniform(20, 245, 3), (*picture.shape[:2], 3)).astype(np.float32)
    if random.random() < 0.5:
        colour = np.broadcast_to(random.choice([240.0, 225.0, 60.0]), (*picture.shape[:2], 3)).astype(np.float32)
    if random.random() < 0.5:  # a sleeve or a label
        edges = sorted(random.uniform(0.1, 1.0, 2) * long)
        band = frame.soft(np.minimum(y - edges[0], edges[1] - y).astype(np.float32))[..., None]
        colour = colour + (random.uniform(10, 245, 3).astype(np.float32) - colour) * band
    opening = frame.soft((bulge * 0.9 - np.abs(y + bulge * 0.1)).astype(np.float32)) * (np.abs(x) < half * 0.93)
    shade = shade * (1 - float(random.uniform(0, 0.45)) * opening)
    level = float(np.clip(brightness(picture, frame) * 2, 0.25, 1.2))
    clear = float(random.uniform(0.55, 0.8)) if random.random() < 0.15 else 1.0  # glass
    drawn = blend(
        picture, np.asarray(colour * (shade * level)[..., None], np.float32), frame.soft(inside) * np.float32(clear)
    )
    if random.random() < 0.5:
        drawn = draw_hand(drawn, frame, random, (rim[0] + float(random.normal(0, 0.2)), rim[1] + long * 0.6))
    return drawn


def draw_microphone(picture: Pixels, frame: FaceFrame, random: np.random.Generator) -> Pixels:
    """Draw a microphone's head with its grid, and its handle."""
    centre = (float(random.normal(0, 0.2)), MOUTH + float(random.uniform(0, 0.35)))
    radius = float(random.uniform(0.25, 0.5))
    x, y = frame.turned(centre, float(random.normal(0, 0.5)))
    dark = float(random.uniform(15, 150))
    grid = 1 + 0.25 * np.sign(np.sin(x * 60 / (radius * 4)) * np.sin(y * 60 / (radius * 4)))
    ball = radius - np.hypot(x, y)
    shade = np.clip(1.2 - np.hypot(x + radius * 0.3, y + radius * 0.3) / radius * 0.6, 0.3, 1.3)
    handle = np.minimum(radius * 0.55 * (1 - 0.12 * np.clip(y, 0, 3)) - np.abs(x), y)
    round_off = 1 - 0.5 * np.clip(np.abs(x) / (radius * 0.55), 0, 1) ** 2
    level = float(np.clip(brightness(picture, frame) * 2, 0.3, 1.2))
    tones = np.stack([np.full_like(x, tone) for tone in random.normal(dark, 6, 3)], axis=-1)
    picture = blend(
        picture,
        (tones * (round_off * level * 0.7)[..., None]).astype(np.float32),
        frame.soft(handle.astype(np.float32)),
    )
    return blend(
        picture, (tones * (grid * shade * level)[..., None]).astype(np.float32), frame.soft(ball.astype(np.float32))
    )


def draw_beard(picture: Pixels, frame: FaceFrame, random: np.random.Generator) -> Pixels:
    """Draw a beard over cheeks and chin that leaves the lips free."""
    x = frame.sideways - frame.lean * 0.5
    low = float(random.uniform(1.5, 2.1))
    half = np.interp(frame.below, (0.4, 0.9, 1.4, low), (0.98, 0.95, 0.75, 0.35)).astype(np.float32)
    upper = 0.72 - 0.25 * np.clip((np.abs(x) - 0.5) / 0.4, 0, 1)  # it climbs to the ears
    inside = np.minimum(np.minimum(half - np.abs(x), frame.below - upper), low - frame.below)
    lips = 1 - np.hypot(x / float(random.uniform(0.3, 0.42)), (frame.below - MOUTH) / float(random.uniform(0.1, 0.17)))
    hairs = grain(picture.shape[:2], 70, random)
    edge = np.clip((inside + 0.05 * hairs) * 6, 0, 1) * (1 - np.clip(lips * 6, 0, 1))
    tone = np.array(((28, 22, 20), (70, 48, 32), (130, 80, 45), (150, 146, 142), (225, 222, 218)), np.float32)
    colour = tone[int(random.integers(len(tone)))] * (1 + 0.22 * hairs)[..., None] * light_on(picture, frame)[..., None]
    colour = colour * np.float32(np.clip(brightness(picture, frame) * 2, 0.3, 1.1))
    return blend(picture, colour.astype(np.float32), (edge * float(random.uniform(0.55, 0.97))).astype(np.float32))


def draw_card(picture: Pixels, frame: FaceFrame, random: np.random.Generator) -> Pixels:
    """Draw something flat and hard-edged: a telephone, a book, a sheet of paper, often held by fingers."""
    centre = (float(random.normal(0, 0.25)), MOUTH + float(random.uniform(-0.1, 0.5)))
    x, y = frame.turned(centre, float(random.normal(0, 0.4)))
    wide, high = float(random.uniform(0.25, 0.9)), float(random.uniform(0.3, 0.9))
    inside = np.minimum(wide - np.abs(x), high - np.abs(y)).astype(np.float32)
    if printed := random.random() < 0.4:  # as masks are, so that no print tells one from the other
        colour = print_on(
            (x / wide).astype(np.float32), (y / high / 2 + 0.5).astype(np.float32), picture.shape[:2], random
        )
    else:
        colour = np.broadcast_to(random.uniform(5, 250, 3), (*picture.shape[:2], 3)).astype(np.float32)
    if not printed and random.random() < 0.6:  # a screen, a picture, lines of writing
        frame_width = float(random.uniform(0.03, 0.12))
        screen = frame.soft(inside - frame_width)[..., None]
        lines = (np.sin(y * float(random.uniform(10, 40))) > 0.2)[..., None] if random.random() < 0.5 else 1.0
        colour = colour + (random.uniform(0, 250, 3).astype(np.float32) - colour) * screen * lines
    sheen = 1 + float(random.uniform(-0.3, 0.3)) * x + float(random.uniform(-0.3, 0.3)) * y
    level = float(np.clip(brightness(picture, frame) * 2, 0.25, 1.2))
    picture = blend(picture, np.asarray(colour * (sheen * level)[..., None], np.float32), frame.soft(inside))
    if random.random() < 0.6:
        side = float(random.choice([-1.0, 1.0]))
        picture = draw_hand(picture, frame, random, (centre[0] + side * wide, centre[1] + float(random.normal(0, 0.3))))
    return picture


def draw_head(picture: Pixels, frame: FaceFrame, random: np.random.Generator) -> Pixels:
    """Draw the head or the shoulder of somebody in front, seen from behind, as in crowds: hair, a cap, or cloth."""
    top = float(random.uniform(0.35, 1.05))
    wide = float(random.uniform(0.7, 1.6))
    middle = float(random.normal(0, 0.45))
    x, y = frame.turned((middle, top), float(random.normal(0, 0.25)))
    high = wide * float(random.uniform(0.9, 1.4))
    round_head = np.hypot(x / wide, (y - high) / high)
    strands = grain(picture.shape[:2], float(random.uniform(40, 110)), random)
    fringe = 1 + float(random.uniform(0, 0.025)) * strands
    inside = np.where(y < high, (fringe - round_head) * min(wide, high), wide * fringe - np.abs(x))
    if random.random() < 0.45:  # mostly dark hair
        tone = np.array([32, 27, 26]) + random.normal(0, 8) + random.normal(0, 2, 3)
    else:
        tone = (
            random.choice([[70, 50, 38], [120, 90, 60], [190, 165, 120], [165, 162, 160]])
            + random.normal(0, 12)
            + random.normal(0, 4, 3)
        )
    if random.random() < 0.12:
        tone = random.uniform(10, 240, 3)
    shade = 1.15 - 0.5 * np.clip(round_head, 0, 1) ** 2 + 0.12 * strands + 0.1 * np.clip(1 - y / high, -1, 1)
    level = float(np.clip(brightness(picture, frame) * 2, 0.25, 1.2))
    colour = np.clip(tone, 5, 245) * (shade * level * light_on(picture, frame))[..., None]
    return blend(picture, np.asarray(colour, np.float32), frame.soft(inside.astype(np.float32)))


def _skin(picture: Pixels, frame: FaceFrame, random: np.random.Generator) -> Floats:
    """Return the colour of the face's skin, `(3,)`, a little paler or darker: hands are seldom lit like faces."""
    brow = (np.abs(frame.sideways) < 0.4) & (np.abs(frame.below + 0.4) < 0.15)
    cheeks = (np.abs(np.abs(frame.sideways) - 0.45) < 0.15) & (np.abs(frame.below - 0.45) < 0.15)
    pixels = picture[brow | cheeks]
    tone = np.median(pixels, axis=0) if len(pixels) else np.array([190, 145, 120])
    return np.asarray(tone * random.uniform(0.75, 1.15) + random.normal(0, 5, 3), np.float32)
