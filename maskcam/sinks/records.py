"""What is written of a result: JSON for each frame, CSV for each event."""

from __future__ import annotations

import json
from typing import Any

from maskcam.frames import Event, Result

EVENT_HEADER = "time,track,event,verdict,probability"


def face_rows(result: Result) -> list[dict[str, Any]]:
    """Return one JSON object a person; numbers with four decimals, track null for a single picture."""
    return [
        {
            "box": [_rounded(value) for value in result.boxes[i]],
            "score": _rounded(result.scores[i]),
            "track": int(result.track_ids[i]) if result.track_ids[i] >= 0 else None,
            "detected": bool(result.detected[i]),
            "no_mask_probability": _rounded(result.no_mask_probability[i]),
            "raw_no_mask_probability": _rounded(result.raw_no_mask_probability[i]),
            "not_face_probability": _rounded(result.not_face_probability[i]),
            "verdict": str(result.verdicts[i]),
            "reason": None if (reason := result.reasons[i]) is None else str(reason),
        }
        for i in range(len(result))
    ]


def frame_line(result: Result) -> str:
    """Return the JSON line of a video's frame."""
    return json.dumps({"frame": result.index, "time": _rounded(result.time), "faces": face_rows(result)})


def picture_line(source: str, result: Result) -> str:
    """Return the JSON line of a picture."""
    row = {"source": source, "width": result.width, "height": result.height, "faces": face_rows(result)}
    return json.dumps(row)


def event_line(event: Event) -> str:
    """Return the CSV line of an event, after `EVENT_HEADER`."""
    return f"{event.time:.4f},{event.track},{event.kind},{event.verdict},{event.probability:.4f}"


def _rounded(value: Any) -> float:
    return round(float(value), 4)
