"""Servers of films and of HLS cameras for the tests: real files over real HTTP on 127.0.0.1, with what can go wrong.

with FilmServer(path, ranges=False, cut_at=0.5) as server:
    ...  # server.url
with HlsCamera(segments) as camera:
    ...  # camera.url
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.http_camera import numbered
from tests.video_files import make_video

SEGMENT_SECONDS = 1


class _Server(ABC):
    """Answers every request by `answer`, in threads of its own, within `with`."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.close_connection = True
                with contextlib.suppress(ConnectionError):
                    outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.ended = threading.Event()

    @abstractmethod
    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Send what this server sends."""

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class FilmServer(_Server):
    """Serves one file, at `url`.

    `ranges`: whether it gives parts of it. `length` is what it says of the file's length, True for the truth, None for
    nothing; `chunked` marks the end instead. The first `cuts` connections break off after the share `cut_at` of the
    file, or, if `hangs`, stay open there in silence. `asked` holds where each connection was asked to begin, and `open`
    how many there are now.
    """

    def __init__(
        self,
        path: Path,
        *,
        ranges: bool = True,
        length: int | bool | None = True,
        chunked: bool = False,
        cut_at: float = 1.0,
        cuts: int = 1000,
        hangs: bool = False,
    ) -> None:
        super().__init__()
        self.url = f"{self.address}/{path.name}"
        self._content = path.read_bytes()
        self._ranges, self._chunked, self._hangs = ranges, chunked, hangs
        self._length = len(self._content) if length is True else length
        self._cut, self._cuts = int(cut_at * len(self._content)), cuts
        self.asked: list[int] = []
        self.open = 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        found = re.match(r"bytes=(\d+)-", request.headers.get("Range", "")) if self._ranges else None
        first = int(found[1]) if found else 0
        self.asked.append(first)
        self.open += 1
        try:
            request.send_response(206 if found else 200)
            if self._ranges:
                last = len(self._content) - 1
                request.send_header("Content-Range", f"bytes {first}-{last}/{len(self._content)}")
                request.send_header("Accept-Ranges", "bytes")
            if self._chunked:
                request.send_header("Transfer-Encoding", "chunked")
            elif self._length:
                request.send_header("Content-Length", str(self._length - first))
            request.send_header("Connection", "close")
            request.end_headers()
            self._send(request, first)
        finally:
            self.open -= 1

    def _send(self, request: BaseHTTPRequestHandler, first: int) -> None:
        cut = max(self._cut, first) if len(self.asked) <= self._cuts else len(self._content)
        body = self._content[first:cut]
        whole = cut == len(self._content)
        if self._chunked:
            body = b"%x\r\n" % len(body) + body + (b"\r\n0\r\n\r\n" if whole else b"")
        request.wfile.write(body)
        if self._hangs and not whole:
            self.ended.wait(60)


def make_segments(folder: Path, count: int, rate: int = 25) -> list[Path]:
    """Pieces of one film of numbered pictures, of a second each, as an HLS camera makes them."""
    make_video(
        folder / "s.m3u8",
        pts=range(count * rate),
        rate=rate,
        size=(160, 120),
        draw=numbered,
        options={"bf": "0", "g": str(rate), "keyint_min": str(rate), "sc_threshold": "0"},
        format="hls",
        container_options={"hls_time": str(SEGMENT_SECONDS), "hls_list_size": "0"},
    )
    return [folder / f"s{number}.ts" for number in range(count)]


class HlsCamera(_Server):
    """Has three pieces when it is switched on, and one more each second, but never those in `dropped`.

    While `frozen` is set no request is answered, though the camera films on. `began` is when it was switched on.
    """

    def __init__(self, segments: Sequence[Path], dropped: Collection[int] = ()) -> None:
        super().__init__()
        self.url = f"{self.address}/live.m3u8"
        self._segments = {path.name: path.read_bytes() for n, path in enumerate(segments) if n not in dropped}
        self.began = time.monotonic()
        self.thawed = threading.Event()
        self.thawed.set()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.thawed.wait(60)
        name = request.path.strip("/")
        body = self._segments.get(name) or self._play_list()
        request.send_response(200)
        request.send_header("Content-Type", "video/mp2t" if name.endswith("ts") else "application/vnd.apple.mpegurl")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(body)

    def _play_list(self) -> bytes:
        there = list(self._segments)[: 3 + int((time.monotonic() - self.began) / SEGMENT_SECONDS)]
        first = max(len(there) - 6, 0)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}"]
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for name in there[first:]:
            lines += [f"#EXTINF:{SEGMENT_SECONDS}.0,", name]
        return "\n".join([*lines, ""]).encode()
