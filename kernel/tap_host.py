"""The host's side of a tap: starts the reading side, watches it, and keeps the stream read."""

from __future__ import annotations

import contextlib
import json
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
from kernel.tap import TapState, TapStats, log, log_over
from kernel.tap_stream import RawStream, stream_socket_pair

# The reading side reports twice a second. Silent for that many seconds in a row, with data that
# wait to be read, it hangs.
SILENT_S = 5
CLOSE_TIMEOUT_S = 5.0


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
        descriptor: int | None,
        reason: str | None,
    ) -> None:
        self.stats = TapStats(state="discarding" if settings is None else "starting", error=reason)
        self.spec = spec or (settings or ExportSettings()).spec
        self.writing: socket.socket | None = None
        self.is_parents = False
        self._camera_id = camera_id
        self._settings = settings
        self._said = reason
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        since_ns = time.monotonic_ns()
        with forking.starting, contextlib.ExitStack() as unless_made:
            unless_made.callback(self.close_writing)
            unless_made.callback(self._kill)
            if descriptor is None:
                reading, self.writing = stream_socket_pair(self.spec.size_bytes)
                self._stream = RawStream(reading.detach())
            else:
                self._stream = RawStream(os.dup(descriptor))
            unless_made.callback(self._stream.close)
            self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            unless_made.callback(self._control.close)
            self._control.settimeout(1.0)
            with far:
                if settings is not None:
                    self._start_process(far.fileno(), settings, since_ns)
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
        self._process = None
        reason = "this process is a fork of the one that reads the stream"
        self.stats = replace(self.stats, state="ended", error=reason)

    @property
    def pid(self) -> int | None:
        """The process that reads the stream."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def close_writing(self) -> None:
        """Close the host's copy of the end that FFmpeg gets."""
        writing, self.writing = self.writing, None
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

    def _start_process(self, control: int, settings: ExportSettings, since_ns: int) -> None:
        spec = (self.spec.width_px, self.spec.height_px, self.spec.pixel_format)
        config = {"spec": spec, "settings": asdict(settings), "since_ns": since_ns}
        arguments = [self._camera_id, self._stream.descriptor, control, os.getpid()]
        try:
            self._process = self._spawn([*map(str, arguments), json.dumps(config)], control)
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

    def _watch(self) -> None:
        final = self._listen()
        if self._process is not None:
            code = self._process.wait()
            if final is None:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                self._over(f"the tap's process ended early ({how})")
                self._tidy_up()
        if final is None:
            self._discard()
        self._stream.close()
        self._control.close()
        self._take(replace(final or self.stats, state="ended"))

    def _listen(self) -> TapStats | None:
        """What the process says, to its last word about the stream; None: it did not come to that.

        The last word is passed on when nothing is left here either.
        """
        silent_s = 0
        while True:
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
                return None
            if not message:
                return None
            silent_s = 0
            told = json.loads(message)
            if "log" in told:
                self._said = told["log"]
                log.warning("%s", self._said)
            elif told["state"] == "ended":
                return TapStats(**told)
            else:
                self._take(TapStats(**told))

    def _discard(self) -> None:
        """Read the stream away: by a process, because of the interpreter's lock, or else here."""
        self._take(replace(self.stats, state="discarding"))
        with contextlib.suppress(OSError):
            self._process = self._spawn(["--discard", str(self._stream.descriptor)])
            # How it ended a host may have asked before us (gunicorn does, of each child).
            self._process.wait()
        self._stream.discard_all()  # nothing to do at the stream's end

    def _tidy_up(self) -> None:
        """Do what a killed writer could not: readers see the end, the names go."""
        settings = self._settings
        if settings is None:
            return
        # Somebody else may have the camera already: then there is nothing to do.
        with forking.starting, contextlib.suppress(WriterError, OSError):
            CameraFolder(settings, self._camera_id).clear()

    def _over(self, error: str) -> None:
        self._take(replace(self.stats, state="discarding", error=error))

    def _take(self, stats: TapStats) -> None:
        with self._changed:
            self.stats = stats
            self._changed.notify_all()
        if stats.error is not None and stats.error != self._said:
            self._said = log_over(self._camera_id, stats.error)
