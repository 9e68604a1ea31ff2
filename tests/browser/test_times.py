"""Times are shown in the viewer's zone; their text and their title say UTC."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from tests.browser.site import camera_id
from tests.fakes.faulty_vas import FaultyVas

KATHMANDU = timedelta(hours=5, minutes=45)


@pytest.fixture
def there(new_tab: NewTab) -> GridPage:
    return new_tab(timezone_id="Asia/Kathmandu").open()


def expect_local(place: Locator, *, today: bool = True) -> None:
    """The first time of a place; today's go without the date."""
    expect(place.locator("time").first).to_have_text(re.compile("UTC$"))
    # In one step: a new time may take its place at any moment.
    utc, drawn, local = place.first.evaluate(
        """place => {
            const time = place.querySelector("time");
            const drawn = getComputedStyle(time, "::before").content;
            return [time.title, drawn, time.dataset.local];
        }"""
    )
    assert drawn.startswith(f'"{local}"')
    moment = datetime.strptime(utc, "%Y-%m-%d %H:%M:%S UTC") + KATHMANDU
    assert local == (f"{moment:%H:%M:%S}" if today else f"{moment:%Y-%m-%d %H:%M:%S}")


def test_a_time_of_another_day_has_its_date_in_tooltip_and_panel(
    there: GridPage, vas: FaultyVas
) -> None:
    vas.edit(camera_id(1), "ppe", desired_fps=6)
    row = vas.cell(camera_id(1), "ppe")
    assert row is not None
    row["updated_at"] = "2026-03-28T20:30:00Z"
    there.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 6 fps priority 10")
    there.cell("Gate 1", "ppe").hover()
    expect(there.tooltip.locator("time")).to_have_attribute("data-local", "2026-03-29 02:15:00")
    expect_local(there.tooltip, today=False)
    there.open_cell("Gate 1", "ppe")
    now = there.panel.locator(".vd-now")
    expect(now.locator("time")).to_have_attribute("data-local", "2026-03-29 02:15:00")
    # Drawn anew by another change.
    row["updated_at"] = "2026-03-29T17:00:00Z"
    row["desired_fps"] = 7
    expect(now.locator("time")).to_have_attribute("data-local", "2026-03-29 22:45:00")


def test_times_in_parameters_are_left_as_they_are(there: GridPage, vas: FaultyVas) -> None:
    written = '{"from": "2026-01-01 00:00:00 UTC"}'
    vas.edit(camera_id(1), "ppe", desired_fps=6, parameters=json.loads(written))
    there.expect_cell("Gate 1", "ppe", "\N{BLACK CIRCLE} on 6 fps priority 10")
    there.cell("Gate 1", "ppe").hover()
    expect(there.tooltip).to_contain_text(f"parameters {written}")
    expect(there.tooltip.locator("time")).to_have_count(1)
    there.open_cell("Gate 1", "ppe")
    now = there.panel.locator(".vd-now")
    expect(now).to_contain_text(f"parameters {written}")
    expect(now.locator("time")).to_have_count(1)
    expect(now.locator("time")).not_to_have_attribute("title", "2026-01-01 00:00:00 UTC")


def test_what_looks_like_a_time_and_is_none_hinders_no_other(there: GridPage) -> None:
    notice = there.tab.locator("#draft-error")
    text = "9999-99-99 99:99:99 UTC, 2026-03-28 20:30:00 UTC"
    notice.evaluate("(node, text) => vas.tell(node, text)", text)
    times = notice.locator("time")
    expect(times.nth(1)).to_have_attribute("data-local", "2026-03-29 02:15:00")
    assert times.nth(0).get_attribute("data-local") is None


def test_status_notices_and_history_are_in_the_viewers_zone(
    there: GridPage, vas: FaultyVas
) -> None:
    expect_local(there.status)
    before = there.status.text_content()
    expect(there.status).not_to_have_text(str(before))
    expect_local(there.status)
    there.open_cell("Gate 3", "ppe")
    there.field("Desired fps").fill("9")
    there.save()
    there.expect_saved()
    expect_local(there.tab.locator("#panel-history li"))
    there.tab.get_by_role("link", name="History", exact=True).click()
    expect_local(there.tab.locator("#history-body tbody"))
    there.tab.locator("#history-body").get_by_role("link", name="1", exact=True).click()
    expect_local(there.tab.locator("#history-head"))
    there.tab.get_by_role("link", name="Grid", exact=True).click()
    vas.stop()
    expect(there.error).to_contain_text("Last seen")
    expect_local(there.error)
