"""A wire to the server that breaks at a byte: what a bad network does, on purpose."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class CuttingProxy:
    """Forwards connections; each number ends one of them after so many bytes of answers, later ones live."""

    def __init__(self, url: str, *cuts: int) -> None:
        self._target = (urlsplit(url).hostname or "", urlsplit(url).port or 80)
        self._cuts = list(cuts)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
    ) -> None:
        # A listener that is only closed keeps its thread waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            _end(one)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self.connections += 1
                left = self._cuts.pop(0) if self._cuts else None
                self._open += [near, far]
                for pair in ((near, far, None), (far, near, left)):
                    self._threads.append(threading.Thread(target=_forward, args=pair))
                    self._threads[-1].start()


def _forward(source: socket.socket, target: socket.socket, left: int | None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data[:left])
            if left is not None:
                left -= min(left, len(data))
                if not left:
                    break
    _end(source)
    _end(target)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
