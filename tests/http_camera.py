"""A network camera for the tests: real multipart MJPEG over real HTTP on 127.0.0.1, served by threads of the test.

It can do what cameras do to people: start late, freeze, die, come back on the same port, change size or pace.

    with HttpCamera(size=(640, 480), rate=30) as camera:
        ...  # camera.url
        camera.freeze(); camera.thaw(); camera.kill(); camera.start(); camera.resize(320, 240)
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from maskcam.frames import Pixels

BOUNDARY = "frame"
BITS = 16
"""Bits of a frame's number that `numbered` draws and `read_number` reads back."""

Draw = Callable[[int, int, int], Pixels]
"""`draw(width, height, number)` gives `(height, width, 3) uint8 RGB`."""


def numbered(width: int, height: int, number: int) -> Pixels:
    """A soft gradient that moves, with the number in black and white blocks along the top."""
    across = np.linspace(0, 160, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 80, height, dtype=np.float32)[:, None]
    image = np.empty((height, width, 3), np.uint8)
    image[..., 0] = across + down
    image[..., 1] = 128
    image[..., 2] = (number * 3) % 200
    edges = np.linspace(0, width, BITS + 1).astype(int)
    for bit in range(BITS):
        image[: height // 8, edges[bit] : edges[bit + 1]] = 255 if number >> bit & 1 else 0
    return image


def read_number(image: Pixels) -> int:
    """The number that `numbered` drew, modulo 2**BITS."""
    height, width = image.shape[:2]
    edges = np.linspace(0, width, BITS + 1).astype(int)
    row = image[height // 16].mean(axis=1)
    return sum(int(row[(edges[bit] + edges[bit + 1]) // 2] > 127) << bit for bit in range(BITS))


_SHARED = hasattr(socket, "SO_REUSEPORT")


class HttpCamera:
    """The camera; `with` starts and kills it.

    `size` is width and height in pixels, `rate` frames a second. `draw` makes the pictures. With `cycle` only so
    many different pictures are made, each encoded once, so that serving costs next to nothing (benchmarks).
    `sent` tells for each frame's number when its first byte went out, in `time.monotonic()` seconds. `password`, as
    in `"user:secret"`, is asked for. Numbers go on over `kill` and `start`.
    """

    def __init__(
        self,
        size: tuple[int, int] = (640, 480),
        rate: float = 30.0,
        draw: Draw = numbered,
        cycle: int | None = None,
        password: str | None = None,
    ) -> None:
        self.size, self.rate, self._draw, self._cycle, self._password = size, rate, draw, cycle, password
        self.sent: dict[int, float] = {}
        self.connections = 0
        self._port = 0
        self._number = 0
        self._jpeg = b""
        self._cache: dict[tuple[int, int, int], bytes] = {}
        self._new = threading.Condition()
        self._frozen = self._running = False
        self._listener: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        # A port of its own from beginning to end, so that there is an address before the camera is switched on, and
        # nobody else's while it is off: bound and not listening.
        self._place = socket.socket()
        if _SHARED:
            self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._place.bind(("127.0.0.1", 0))
        self._port = self._place.getsockname()[1]
        if not _SHARED:
            self._place.close()

    @property
    def url(self) -> str:
        """Where the camera is, with the password if it has one."""
        return f"http://{self._password + '@' if self._password else ''}127.0.0.1:{self._port}/video"

    def __enter__(self) -> HttpCamera:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Switch it on, at the same address as before."""
        assert not self._running
        self._running, self._frozen = True, False
        self._jpeg = b""
        self._listener = socket.create_server(("127.0.0.1", self._port), reuse_port=_SHARED)
        for work in (self._accept, self._produce):
            self._thread(work)

    def close(self) -> None:
        """Cut it off for good, and let its address go."""
        self.kill()
        self._place.close()

    def kill(self) -> None:
        """Cut it off as if the plug were pulled: every connection is reset; does nothing the second time."""
        with self._new:
            self._running = False
            self._new.notify_all()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for client in list(self._clients):
            _reset(client)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), thread.name
        self._threads = []

    def freeze(self) -> None:
        """Send nothing more, and keep the connections open."""
        self._frozen = True

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._frozen = False

    def resize(self, width: int, height: int) -> None:
        """Make every further picture of this size, on the same connections."""
        self.size = (width, height)

    def set_rate(self, rate: float) -> None:
        """Send so many frames a second from now on."""
        self.rate = rate

    def set_draw(self, draw: Draw) -> None:
        """Show something else from now on."""
        self._cache = {}
        self._draw = draw

    def _thread(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=f"http camera {work.__name__}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _encoded(self, number: int) -> bytes:
        width, height = self.size
        draw, cache = self._draw, self._cache
        place = number if self._cycle is None else number % self._cycle
        known = cache.get((width, height, place))
        if known is None:
            image = np.ascontiguousarray(draw(width, height, place)[..., ::-1])
            known = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
            if self._cycle is not None:
                cache[width, height, place] = known
        return known

    def _produce(self) -> None:
        due = time.monotonic()
        while self._running:
            if not self._frozen:
                jpeg = self._encoded(self._number)
                with self._new:
                    if not self._frozen:
                        self._jpeg = jpeg
                        self._number += 1
                        self._new.notify_all()
            due = max(due + 1 / self.rate, time.monotonic() - 1 / self.rate)
            while self._running and (wait := due - time.monotonic()) > 0:
                time.sleep(min(wait, 0.05))

    def _accept(self) -> None:
        listener = self._listener
        while self._running and listener is not None:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._clients.add(client)
            self.connections += 1
            self._thread(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            client.settimeout(20)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = b""
            while b"\r\n\r\n" not in request:
                more = client.recv(4096)
                if not more:
                    return
                request += more
            if self._password is not None and b"authorization: basic" not in request.lower():
                client.sendall(
                    b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n'
                    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
                return
            client.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-cache\r\n"
                b"Content-Type: multipart/x-mixed-replace; boundary=" + BOUNDARY.encode() + b"\r\n\r\n"
            )
            seen = self._number
            while True:
                with self._new:
                    self._new.wait_for(lambda before=seen: not self._running or (self._jpeg and self._number > before))  # type: ignore[misc]
                    if not self._running:
                        return
                    seen, jpeg = self._number, self._jpeg
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.sent.setdefault(seen - 1, time.monotonic())
                client.sendall(head.encode() + jpeg + b"\r\n")
        except OSError:
            pass  # whoever watched has gone, or the camera was killed
        finally:
            self._clients.discard(client)
            client.close()


def _reset(client: socket.socket) -> None:
    """Drop a connection at once, which also frees the port for the next start."""
    with contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve the files of a folder over HTTP; gives the address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with contextlib.suppress(ConnectionError):
            super().copyfile(source, outputfile)
