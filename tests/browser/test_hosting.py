"""The page where it will stand: under another application, and behind gunicorn's workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.page import GridPage
from tests.browser.site import PAGE_SIZE, camera_id
from tests.fakes.faulty_vas import FaultyVas
from vas_dash import Settings

ROOT = Path(__file__).resolve().parents[2]


class TestTwoWorkers:
    @pytest.fixture
    def base_url(self, settings: Settings) -> Iterator[str]:
        # Nothing of the environment but what a program needs: settings must not come from outside.
        environment = {
            "PATH": os.environ["PATH"],
            "VAS_API_URL": str(settings.api_url),
            "VAS_DASH_REFRESH_S": "3",
            "VAS_DASH_POLL_S": "0.2",
            "VAS_DASH_PAGE_SIZE": str(PAGE_SIZE),
        }
        yield from gunicorn(environment)

    def test_a_change_never_flickers_back_whichever_worker_answers(
        self, grid: GridPage, vas: FaultyVas
    ) -> None:
        grid.tab.evaluate(
            """() => {
                window.seen = { own: [], others: [], times: [] };
                const text = (row) => document.querySelector(
                    `#grid tr:nth-child(${row}) td[data-column='m:ppe']`).innerText.trim();
                const note = (name, now) => {
                    if (window.seen[name].at(-1) !== now) window.seen[name].push(now);
                };
                const look = () => {
                    note("own", text(4));
                    note("others", text(5));
                    note("times", window.vas.props("rendered").data.taken_ms);
                };
                look();
                new MutationObserver(look).observe(document.body,
                    { childList: true, subtree: true, characterData: true });
            }"""
        )
        words = ["\N{BLACK CIRCLE} on 3 fps", "\N{WHITE CIRCLE} off"]
        expected = words[:1]
        grid.tab.get_by_label("Apply single changes at once").check()
        for turn in range(1, 7):
            grid.focus("Gate 3", "m:ppe")
            grid.press(" ")
            grid.expect_cell("Gate 3", "ppe", words[turn % 2])
            expected.append(words[turn % 2])
            expect(grid.drafts).to_be_hidden()
            # Both workers answer polls meanwhile, with pictures from before and after the change.
            grid.wait_for_polls(3, lambda answer: answer.status in (200, 204))
            row = vas.cell(camera_id(3), "ppe")
            assert row is not None
            assert row["enabled"] is (turn % 2 == 0)
        grid.tab.evaluate("window.seen.times = []")
        vas.edit(camera_id(4), "ppe", desired_fps=29)
        grid.expect_cell("Gate 4", "ppe", "\N{BLACK CIRCLE} on 29 fps")
        grid.wait_for_polls(12, lambda answer: answer.status in (200, 204))
        seen = grid.tab.evaluate("window.seen")
        assert seen["own"] == expected
        assert seen["others"] == ["\N{BLACK CIRCLE} on 4 fps", "\N{BLACK CIRCLE} on 29 fps"]
        assert seen["times"] == sorted(seen["times"])

        grid.open_cell("Gate 3", "ppe")
        grid.field("Desired fps").fill("")
        grid.save()
        grid.expect_saved()
        grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on")
        grid.tab.reload()
        grid.expect_cell("Gate 3", "ppe", "\N{BLACK CIRCLE} on")


def gunicorn(environment: dict[str, str]) -> Iterator[str]:
    """Two workers of `app:server`; each request meets either, as no connection is kept."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--no-control-socket"),
                "tests.browser.unhurried_app:server",
                *("--workers", "2", "--worker-class", "gthread", "--threads", "4"),
                *("--keep-alive", "0", "--bind", f"fd://{listener.fileno()}"),
            ],
            cwd=ROOT,
            env=environment,
            pass_fds=[listener.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        )
        # Whoever comes before the workers are there waits in the listener's queue.
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        process.terminate()
        _, log = process.communicate(timeout=30)
    assert log.count("Booting worker") == 2
    assert "Traceback" not in log
    assert process.returncode == 0
