"""Raw frames out of a pipe or a stream socket: read to the byte, or read away.

Standard library only. Nothing here knows what a frame is; a frame is as many bytes as the caller
asks for, however many reads they take.
"""

import array
import contextlib
import fcntl
import os
import select
import socket
import stat
import struct
import termios

BUFFER_BYTES = 1 << 20
"""What a pipe should hold, and a socket at least: the most that a pipe gets unprivileged."""

READ_TIMEOUT_S = 0.5
"""The longest that one read blocks, so that a request to stop is seen while a frame stalls."""


class RawStream:
    """The reading end of a pipe, or of a stream socket. Owns its descriptor.

    A socket is the better of the two: one read call can take a whole frame (MSG_WAITALL), where
    a pipe needs one for each of its fillings.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        kind = os.fstat(descriptor).st_mode
        self._socket = socket.socket(fileno=descriptor) if stat.S_ISSOCK(kind) else None
        self.holds_bytes = BUFFER_BYTES
        if self._socket is not None:
            self._socket.setblocking(True)
            timeout = struct.pack("ll", 0, int(READ_TIMEOUT_S * 1e6))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            # What counts is the writing end's; a pair of ours has the same at both ends.
            self.holds_bytes = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        elif stat.S_ISFIFO(kind):
            self.holds_bytes = grow_pipe(descriptor)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._scratch: memoryview | None = None

    def watch(self, descriptor: int) -> None:
        """Let `wait` also return when `descriptor` becomes readable."""
        self._poll.register(descriptor, select.POLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Take back a `watch`."""
        self._poll.unregister(descriptor)

    def wait(self, timeout_s: float) -> set[int]:
        """The descriptors, its own and watched ones, that have data or have ended."""
        return {descriptor for descriptor, _ in self._poll.poll(timeout_s * 1000)}

    def read_into(self, view: memoryview) -> int | None:
        """Read what there is, at most `view` full; 0 at the end, None when nothing came yet.

        On a socket it stays until `view` is full, the stream ends or READ_TIMEOUT_S is over; a
        signal only makes it shorter. On a pipe it takes one filling, so wait first.
        """
        try:
            if self._socket is not None:
                return self._socket.recv_into(view, len(view), socket.MSG_WAITALL)
            return os.readv(self.descriptor, [view])
        except BlockingIOError:
            return None
        except ConnectionResetError:
            # The far end was closed with bytes on their way to it: an end like any other.
            return 0

    def pending_bytes(self) -> int:
        """How much waits to be read; 0 where the kernel does not say."""
        answer = array.array("i", [0])
        try:
            fcntl.ioctl(self.descriptor, termios.FIONREAD, answer)
        except OSError:
            return 0
        return answer[0]

    def is_behind(self) -> bool:
        """Whether so much waits already that who writes may be about to block."""
        return self.pending_bytes() * 2 >= self.holds_bytes

    def discard(self) -> int | None:
        """Read something away; answers like `read_into`."""
        if self._scratch is None:
            self._scratch = memoryview(bytearray(BUFFER_BYTES))
        return self.read_into(self._scratch)

    def discard_all(self) -> None:
        """Read everything away until the stream ends."""
        while True:
            self.wait(READ_TIMEOUT_S)
            if self.discard() == 0:
                return

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            if self._socket is not None:
                self._socket.close()
            else:
                os.close(descriptor)


def grow_pipe(descriptor: int) -> int:
    """Let a pipe hold BUFFER_BYTES, or as much as the host allows; the size that it now has."""
    for size in (BUFFER_BYTES, BUFFER_BYTES // 4):
        with contextlib.suppress(OSError):
            return fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, size)
    return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)


def stream_socket_pair(frame_bytes: int) -> tuple[socket.socket, socket.socket]:
    """A reading and a writing end with room for a frame, as far as the host allows.

    Linux doubles what it is asked for, up to twice net.core.wmem_max. Where that is more than a
    frame, FFmpeg need not wait for the reader's turn on the processor.
    """
    size = max(BUFFER_BYTES, frame_bytes)
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for end in (reading, writing):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
    return reading, writing
