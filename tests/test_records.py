"""What is written of a result."""

from __future__ import annotations

import json

import numpy as np

from maskcam.frames import Event, EventKind, Reason, Result, Verdict
from maskcam.sinks.records import EVENT_HEADER, event_line, frame_line, picture_line


def result(track: int) -> Result:
    """Two people, one of them doubtful; `track` is the first one's number."""
    return Result(
        7,
        1.23456,
        640,
        480,
        np.array([[1, 2, 30.123456, 40], [50, 60, 70, 80]], np.float32),
        np.array([0.9, 0.123456], np.float32),
        np.array([track, -1], np.int64),
        np.array([True, False]),
        np.array([0.98765432, 0.5], np.float32),
        np.array([0.7, 0.25], np.float32),
        (Verdict.NO_MASK, Verdict.UNSURE),
        (None, Reason.MIXED),
        np.array([0.0312345, 0.49], np.float32),
    )


def test_a_frame_s_line_tells_everything_of_everybody() -> None:
    row = json.loads(frame_line(result(3)))
    assert (row["frame"], row["time"]) == (7, 1.2346)
    assert row["faces"] == [
        {
            "box": [1, 2, 30.1235, 40],
            "score": 0.9,
            "track": 3,
            "detected": True,
            "no_mask_probability": 0.9877,
            "raw_no_mask_probability": 0.7,
            "not_face_probability": 0.0312,
            "verdict": "no_mask",
            "reason": None,
        },
        {
            "box": [50, 60, 70, 80],
            "score": 0.1235,
            "track": None,
            "detected": False,
            "no_mask_probability": 0.5,
            "raw_no_mask_probability": 0.25,
            "not_face_probability": 0.49,
            "verdict": "unsure",
            "reason": "mixed",
        },
    ]


def test_a_picture_s_line_tells_the_same_and_its_size() -> None:
    row = json.loads(picture_line("a \u00e4.png", result(-1)))
    assert (row["source"], row["width"], row["height"]) == ("a \u00e4.png", 640, 480)
    assert row["faces"][0] == {**json.loads(frame_line(result(3)))["faces"][0], "track": None}


def test_an_event_s_line_has_a_value_for_each_column() -> None:
    line = event_line(Event(1.5, 4, EventKind.VERDICT, Verdict.MASK, 0.12344))
    assert dict(zip(EVENT_HEADER.split(","), line.split(","), strict=True)) == {
        "time": "1.5000",
        "track": "4",
        "event": "verdict",
        "verdict": "mask",
        "probability": "0.1234",
    }
