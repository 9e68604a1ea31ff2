"""The host's side of a tap: starts the reading side, watches it, and keeps the stream read."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

from kernel import forking
from kernel.errors import WriterError
from kernel.layout import FrameSpec
from kernel.settings import ExportSettings
from kernel.storage import CameraFolder
from kernel.tap_stats import TapState, TapStats
from kernel.tap_stream import RawStream, stream_socket_pair

__all__ = ["TapHost", "log_over"]

_log = logging.getLogger("kernel.tap")

# The reading side reports twice a second. Silent for that many seconds in a row, with data that
# wait to be read, it hangs.
SILENT_S = 5
CLOSE_TIMEOUT_S = 5.0


def log_over(camera_id: str, error: str) -> str:
    """Log the one line that says why there are no frames of a camera; the error."""
    _log.warning("frame export of camera %s is over: %s", camera_id, error)
    return error


class TapHost:
    """One stream and who reads it. A thread, `kernel-tap-CAMERA`, watches until the stream ends.

    Without `settings` the stream is only read away. Raises OSError or RuntimeError when there are
    no descriptors or threads to be had; the stream is untouched then.
    """

    def __init__(
        self,
        camera_id: str,
        spec: FrameSpec | None,
        settings: ExportSettings | None,
        *,
        descriptor: int | None,
        in_process: bool,
        reason: str | None = None,
    ) -> None:
        self.stats = TapStats(state="discarding" if settings is None else "starting", error=reason)
        self._camera_id = camera_id
        self._settings = settings
        self._said = reason
        self._changed = threading.Condition()
        self._since_ns = time.monotonic_ns()
        self._process: subprocess.Popen[bytes] | None = None
        self._writing: socket.socket | None = None
        self.spec = settings.spec if spec is None and settings is not None else spec
        self._far: socket.socket | None = None
        self.is_parents = False
        with forking.starting, contextlib.ExitStack() as unless_made:
            unless_made.callback(self.close_writing)
            unless_made.callback(self._kill)
            if descriptor is None:
                size_bytes = 0 if self.spec is None else self.spec.size_bytes
                reading, self._writing = stream_socket_pair(size_bytes)
                self._stream = RawStream(reading.detach())
            else:
                self._stream = RawStream(os.dup(descriptor))
            unless_made.callback(self._stream.close)
            self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            unless_made.callback(self._control.close)
            unless_made.callback(far.close)
            self._control.settimeout(1.0)
            if settings is None:
                far.close()
            elif in_process:
                self._start_thread(far, spec or settings.spec, settings)
            else:
                with far:
                    self._start_process(far, spec or settings.spec, settings)
            threading.Thread(
                target=self._watch, name=f"kernel-tap-{camera_id}", daemon=True
            ).start()
            unless_made.pop_all()
            forking.add_owner(self)

    def forked(self) -> None:
        """In the child of a fork: the stream and who reads it are the parent's."""
        self.is_parents = True
        self._changed = threading.Condition()  # another thread may have held the old one
        self.close_writing()
        self._stream.close()
        self._control.close()
        if self._far is not None:
            self._far.close()
        self._process = None
        atexit.unregister(self.close)
        reason = "this process is a fork of the one that reads the stream"
        self.stats = replace(self.stats, state="ended", error=reason)

    @property
    def pid(self) -> int | None:
        """The process that reads the stream."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def writing_descriptor(self) -> int | None:
        """The end that FFmpeg gets; None: it is closed, or never was ours."""
        return None if self._writing is None else self._writing.fileno()

    def close_writing(self) -> None:
        """Close the host's copy of the writing end."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.close()

    def wait_beyond(self, states: tuple[TapState, ...], timeout_s: float | None) -> bool:
        """Wait until the state is none of `states`; False if it still is in the end."""
        with self._changed:
            return self._changed.wait_for(lambda: self.stats.state not in states, timeout_s)

    def close(self) -> None:
        """Stop exporting; returns when the camera is free. Does nothing in the child of a fork."""
        if self.is_parents:
            return
        self.close_writing()
        with contextlib.suppress(OSError):
            self._control.send(b"stop")
        self.wait_beyond(("starting", "exporting"), CLOSE_TIMEOUT_S)

    def _start_process(self, far: socket.socket, spec: FrameSpec, settings: ExportSettings) -> None:
        config = {
            "spec": (spec.width_px, spec.height_px, spec.pixel_format),
            "settings": asdict(settings),
            "since_ns": self._since_ns,
        }
        arguments = [str(far.fileno()), str(os.getpid()), json.dumps(config)]
        try:
            self._process = self._spawn(
                [self._camera_id, str(self._stream.descriptor), *arguments], far.fileno()
            )
        except OSError as error:
            self._over(f"the tap's process cannot be started: {error}")

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _spawn(self, arguments: list[str], *descriptors: int) -> subprocess.Popen[bytes]:
        """Start this Python on the reading side, with the stream and nothing else inherited.

        A session of its own keeps the terminal's signals away. -P and PYTHONPATH: it finds this
        package and not what happens to lie in the working directory.
        """
        home = str(Path(__file__).resolve().parent.parent)
        path = os.environ.get("PYTHONPATH")
        # The child of a fork would hold the pipe that tells whether the process has started.
        with forking.starting:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "kernel.tap_process", *arguments],
                pass_fds=(self._stream.descriptor, *descriptors),
                env={**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{path}" if path else home},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _start_thread(self, far: socket.socket, spec: FrameSpec, settings: ExportSettings) -> None:
        from kernel.tap_process import TapLoop
        from kernel.writer import FrameWriter

        self._far = far
        loop = TapLoop(
            self._stream,
            far,
            lambda: FrameWriter(self._camera_id, spec, settings=settings),
            self._since_ns,
            frame_bytes=spec.size_bytes,
            retry_s=settings.retry_s,
        )

        def run() -> None:
            # What reading the stream raises, `_watch` finds out for itself.
            with far, contextlib.suppress(OSError):
                loop.run()

        # Unlike a process of its own, this thread does not outlive the host to tidy up.
        atexit.register(self.close)
        threading.Thread(target=run, name=f"kernel-read-{self._camera_id}", daemon=True).start()

    def _watch(self) -> None:
        silent_s = 0
        final: TapStats | None = None
        while final is None:
            try:
                message = self._control.recv(65536)
            except TimeoutError:
                silent_s = silent_s + 1 if self._stream.pending_bytes() else 0
                if silent_s >= SILENT_S and self._process is not None:
                    self._process.kill()
                continue
            except ConnectionResetError:
                # It is gone without having read "stop". What it said before is still to come.
                continue
            except OSError:
                message = b""
            if not message:
                break
            silent_s = 0
            told = json.loads(message)
            if "log" in told:
                self._said = told["log"]
                _log.warning("%s", self._said)
            elif told["state"] == "ended":
                # Said when nothing of it is left, here either.
                final = TapStats(**told)
            else:
                self._take(TapStats(**told))
        if self._process is not None:
            code = self._process.wait()
            if final is None:
                self._over(f"the tap's process ended early ({_how(code)})")
                self._tidy_up()
        if final is None:
            self._discard()
        atexit.unregister(self.close)
        self._stream.close()
        self._control.close()
        self._take(replace(final or self.stats, state="ended"))

    def _discard(self) -> None:
        """Read the stream away: by a process, because of the interpreter's lock, or else here."""
        self._take(replace(self.stats, state="discarding"))
        with contextlib.suppress(OSError):
            self._process = self._spawn(["--discard", str(self._stream.descriptor)])
            if self._process.wait() == 0:
                return
        self._stream.discard_all()

    def _tidy_up(self) -> None:
        """Do what a killed writer could not: readers see the end, the names go."""
        settings = self._settings
        if settings is None:
            return
        # Somebody else may have the camera already: then there is nothing to do.
        with forking.starting, contextlib.suppress(WriterError, OSError):
            folder = CameraFolder(
                settings.base_dir, self._camera_id, settings.group, settings.owner
            )
            try:
                folder.end_leftovers()
                folder.remove_version1_folder()
            finally:
                folder.remove()

    def _over(self, error: str) -> None:
        self._take(replace(self.stats, state="discarding", error=error))

    def _take(self, stats: TapStats) -> None:
        with self._changed:
            self.stats = stats
            self._changed.notify_all()
        if stats.error is not None and stats.error != self._said:
            self._said = log_over(self._camera_id, stats.error)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
