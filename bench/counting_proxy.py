"""Counts the requests that reach a VAS, by passing bytes on between it and the page."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.1\r$", re.MULTILINE)


class CountingProxy:
    """Listens on 127.0.0.1; `counts` has the requests by method and path with its query."""

    def __init__(self, target_url: str) -> None:
        target = urlsplit(target_url)
        self._target = (target.hostname or "", target.port or 80)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                for source, sink, heard in ((near, far, True), (far, near, False)):
                    threading.Thread(
                        target=self._pass_on, args=(source, sink, heard), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, heard: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(262_144):
                if heard:
                    found = [
                        (method.decode(), path.decode()) for method, path in _REQUEST.findall(data)
                    ]
                    with self._lock:
                        self.counts.update(found)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def counting(target_url: str) -> Iterator[CountingProxy]:
    """A proxy before the VAS at `target_url`."""
    proxy = CountingProxy(target_url)
    try:
        yield proxy
    finally:
        proxy.close()
