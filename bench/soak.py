"""What hours of use come to: `make soak`, or `python -m bench.soak [--minutes M]`.

Many browsers on one host, a VAS that fails a thousand times, and a host application beside a page
whose VAS hangs. It prints figures and exits with 1 where one is not reached.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import orjson

from bench import callbacks, machine, processes
from bench.counting_proxy import counting
from vas_dash.backend.breaker import OPEN_S, TRIPS_AFTER, Breaker
from vas_dash.backend.client import VasClient
from vas_dash.backend.transport import Transport
from vas_dash.errors import BackendError
from vas_dash.fleet.reader import FleetReader
from vas_dash.pages import ids

BROWSERS = 200
WORKERS = 2
POLL_S = 3.0
REFRESH_S = 10.0
FAILURES = 1_000
MIB = 1024 * 1024


@dataclass
class Row:
    """One figure, and whether it is as it should be."""

    figure: str
    measured: str
    wanted: str
    reached: bool


@dataclass
class Polls:
    """What the browsers of a run saw. Latencies are in seconds."""

    unchanged: list[float] = field(default_factory=list)
    drawn: int = 0
    failed: int = 0


async def _browser(url: str, number: int, polls: Polls, stop: threading.Event) -> None:
    """Look as an open page does, each `POLL_S`, and ask for the grid where that found something."""
    target = urlsplit(url)
    rendered: dict[str, object] = {}
    search = f"?page={1 + number % 50}"
    await asyncio.sleep(POLL_S * number / BROWSERS)
    while not stop.is_set():
        began = time.monotonic()
        try:
            names = ("digest", "taken_ms", "taken_by")
            shown = {name: rendered[name] for name in names if name in rendered}
            look = orjson.dumps({"search": search, **shown})
            status, _ = await _post(target, "poll", look)
            if status == 204:
                polls.unchanged.append(time.monotonic() - began)
            elif status == 200:
                polls.drawn += 1
                body = callbacks.refresh_body(search, rendered)
                # Another worker may know nothing newer: it answers 204.
                status, answer = await _post(target, "_dash-update-component", body)
                if status == 200:
                    rendered = orjson.loads(answer)["response"][ids.RENDERED]["data"]
            if status not in (200, 204):
                polls.failed += 1
        except (OSError, asyncio.IncompleteReadError, ValueError):
            polls.failed += 1
        await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - began)))


async def _post(page: SplitResult, name: str, body: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(page.hostname, page.port)
    try:
        head = (
            f"POST {page.path}{name} HTTP/1.1\r\nHost: {page.netloc}\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    head_bytes, _, rest = answer.partition(b"\r\n\r\n")
    return int(head_bytes.split(b" ", 2)[1]), rest


def polling(minutes: float) -> list[Row]:
    """Two hundred browsers, two workers, the fleet site."""
    with (
        processes.fleet(5_000) as vas_url,
        counting(vas_url) as proxy,
    ):
        port = processes.free_port()
        environment = {
            "VAS_API_URL": proxy.url,
            "PORT": str(port),
            "WEB_CONCURRENCY": str(WORKERS),
            "VAS_DASH_REFRESH_S": str(REFRESH_S),
        }
        url = f"http://127.0.0.1:{port}/ai-models/"
        command = [sys.executable, "app.py"]
        with processes.running(command, environment, f"{url}healthz") as server:
            callbacks.warm(url)
            polls = Polls()
            memory: list[int] = []
            proxy.counts.clear()
            began = time.monotonic()
            stop = threading.Event()
            watcher = threading.Thread(target=_watch, args=(server.pid, memory, stop))
            watcher.start()

            async def everybody() -> None:
                loop = asyncio.get_running_loop()
                loop.call_later(60 * minutes, stop.set)
                await asyncio.gather(
                    *(_browser(url, number, polls, stop) for number in range(BROWSERS))
                )

            asyncio.run(everybody())
            took = time.monotonic() - began
            watcher.join()
    sweeps = sum(count for (_, path), count in proxy.counts.items() if path.endswith("/ai-models"))
    allowed = WORKERS * (took / REFRESH_S + 1)
    p95 = statistics.quantiles(polls.unchanged, n=20)[18] * 1000
    half = len(memory) // 2
    early = statistics.median(memory[half // 2 : half])
    late = statistics.median(memory[half:])
    return [
        Row(
            f"sweeps of {WORKERS} workers in {took / 60:.0f} min, {BROWSERS} browsers",
            f"{sweeps}",
            f"<= {allowed:.0f}",
            0 < sweeps <= allowed,
        ),
        Row(
            "an unchanged poll, p50; p95",
            f"{statistics.median(polls.unchanged) * 1000:.1f}; {p95:.1f} ms",
            "p95 < 50 ms",
            p95 < 50,
        ),
        Row(
            "polls unchanged; drawn; failed",
            f"{len(polls.unchanged):,}; {polls.drawn:,}; {polls.failed}",
            "0 failed",
            polls.failed == 0,
        ),
        Row(
            "memory of the workers, medians of the second quarter and the second half",
            f"{early / MIB:.0f}; {late / MIB:.0f} MiB",
            "<= 1.05",
            late <= 1.05 * early,
        ),
    ]


def _watch(pid: int, memory: list[int], stop: threading.Event) -> None:
    while not stop.wait(2):
        memory.append(sum(map(_memory, _children(pid))))


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def _memory(pid: int) -> int:
    """Resident bytes that the process does not share."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def failures() -> list[Row]:
    """A thousand sweeps that fail, of a VAS that refuses and of one that cuts; a thousand trips."""
    cutting = _Cutting()
    refused = FleetReader(VasClient(Transport(f"http://127.0.0.1:{processes.free_port()}")))
    cut = FleetReader(VasClient(Transport(cutting.url)))
    return [
        _kept("sweeps that were refused", refused.read_fleet),
        _kept("sweeps that were cut", cut.read_fleet),
        _kept("trips of the breaker", _Trips(cutting)),
    ]


def _kept(what: str, fail: Callable[[], object]) -> Row:
    """What is left of descriptors and threads after `fail` was called so often."""
    for _ in range(20):
        fail()
    before = (len(os.listdir("/proc/self/fd")), threading.active_count())
    for _ in range(FAILURES):
        fail()
    after = (len(os.listdir("/proc/self/fd")), threading.active_count())
    return Row(
        f"descriptors, threads before and after {FAILURES:,} {what}",
        f"{before[0]}, {before[1]}; {after[0]}, {after[1]}",
        "no more",
        after[0] <= before[0] and after[1] <= before[1],
    )


class _Cutting:
    """A server that closes every connection at once, or answers 500 first."""

    def __init__(self) -> None:
        self.answers = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self.answers:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 500 -\r\nContent-Length: 0\r\n\r\n")


class _Trips:
    """Opens the breaker with calls that are cut, and closes it with one that is answered."""

    def __init__(self, vas: _Cutting) -> None:
        self._vas = vas
        self._now = 0.0
        self._turns: list[bool] = []
        breaker = Breaker(lambda: self._now)
        breaker.on_state_change = self._turns.append
        self._client = VasClient(Transport(vas.url, guard=breaker.call))

    def __call__(self) -> None:
        self._turns.clear()
        self._vas.answers = False
        for _ in range(TRIPS_AFTER):
            self._ask()
        self._now += OPEN_S
        self._vas.answers = True
        self._ask()
        if self._turns != [True, False]:
            raise RuntimeError("the breaker did not open and close")

    def _ask(self) -> None:
        with suppress(BackendError):
            self._client.models()


def beside(rounds: int, requests: int = 1_500) -> list[Row]:
    """The host's own route, with the page mounted on a VAS that hangs, and without."""
    hanging = socket.create_server(("127.0.0.1", 0), backlog=512)
    vas = f"http://127.0.0.1:{hanging.getsockname()[1]}"
    ratios, bare, mounted = [], [], []
    with _host("bare", {}) as bare_url, _host("host", {"VAS_API_URL": vas}) as host_url:
        stop = threading.Event()
        browsers = []
        polls = Polls()
        page = f"{host_url}/ai-models/"
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        for number in range(5):
            browsers.append(
                asyncio.run_coroutine_threadsafe(_browser(page, number, polls, stop), loop)
            )
        for _ in range(rounds):
            bare.append(_p95(bare_url, requests))
            mounted.append(_p95(host_url, requests))
            ratios.append(mounted[-1] / bare[-1])
        stop.set()
        for browser in browsers:
            browser.result()
        loop.call_soon_threadsafe(loop.stop)
    hanging.close()
    ratio = statistics.median(ratios)
    return [
        Row(
            "the host's own route, p95, with a page whose VAS hangs by without",
            f"{ratio:.2f} ({statistics.median(mounted):.2f} by {statistics.median(bare):.2f} ms)",
            "<= 1.1",
            ratio <= 1.1,
        )
    ]


def _p95(url: str, count: int) -> float:
    """Of `count` requests one after the other, in ms."""
    target = urlsplit(url)
    request = f"GET /own HTTP/1.1\r\nHost: {target.netloc}\r\nConnection: close\r\n\r\n".encode()
    took = []
    for _ in range(count):
        began = time.perf_counter()
        with socket.create_connection((target.hostname or "", target.port or 80)) as connection:
            connection.sendall(request)
            while connection.recv(65_536):
                pass
        took.append(time.perf_counter() - began)
    return statistics.quantiles(took, n=20)[18] * 1000


def _host(name: str, environment: dict[str, str]) -> AbstractContextManager[str]:
    port = processes.free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
    command += ["--threads", "8", "--log-level", "error", "--bind", f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    return processes.served([*command, f"bench.soak_host:{name}"], environment, f"{url}/own", url)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all three and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the many browsers")
    parser.add_argument("--rounds", type=int, default=7, help="of the host's own route")
    parser.add_argument("--only", choices=("polling", "failures", "beside"))
    chosen = parser.parse_args(arguments)
    parts: dict[str, Callable[[], list[Row]]] = {
        "failures": failures,
        "beside": lambda: beside(chosen.rounds),
        "polling": lambda: polling(chosen.minutes),
    }
    logging.disable(logging.WARNING)  # a thousand faults are made on purpose
    print(machine.describe())
    missed = False
    for name, part in parts.items():
        if chosen.only in (None, name):
            for row in part():
                missed |= not row.reached
                verdict = "" if row.reached else "   NOT REACHED"
                print(f"{row.figure:<72}{row.measured:>32}   {row.wanted}{verdict}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
