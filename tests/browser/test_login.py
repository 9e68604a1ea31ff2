"""Logging in and out in a browser, and the page of somebody who may only look."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import NewTab
from tests.browser.page import GridPage
from vas_dash import Role, Settings
from vas_dash.auth.users import Users

PASSWORD = "correct horse battery"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The page asks for passwords; kim may change something, vera may look."""
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr("vas_dash.auth.users._hasher", quick)
    users = Users(tmp_path / "users.json")
    users.put("kim", Role.OPERATOR, None, PASSWORD)
    users.put("vera", Role.VIEWER, None, PASSWORD)
    return settings.model_copy(
        update={"auth": "password", "users_file": str(tmp_path / "users.json")}
    )


def log_in(page: GridPage, name: str, password: str = PASSWORD) -> None:
    page.tab.get_by_label("Name").fill(name)
    page.tab.get_by_label("Password").fill(password)
    page.tab.get_by_label("Password").press("Enter")


def forget_refusals(page: GridPage) -> None:
    """Browsers write down every 401, and Dash what it makes of one that answers a callback."""
    known = ("401", "body stream already read", "Callback failed")
    page.log.lines[:] = [line for line in page.log.lines if not any(one in line for one in known)]


def test_one_logs_in_to_the_page_asked_for_and_out_again(new_tab: NewTab) -> None:
    page = new_tab()
    page.tab.goto(page.address + "?q=hall+10")
    expect(page.tab.get_by_label("Name")).to_be_focused()
    log_in(page, "kim")
    page.wait_until_drawn()
    page.expect_search("?q=hall+10")
    expect(page.tab.get_by_text("kim, operator")).to_be_visible()
    page.tab.get_by_role("button", name="Log out").click()
    expect(page.tab.get_by_role("button", name="Log in")).to_be_visible()
    page.tab.goto(page.address)
    expect(page.tab.get_by_role("button", name="Log in")).to_be_visible()


def test_a_wrong_password_says_so_and_keeps_the_name(new_tab: NewTab) -> None:
    page = new_tab()
    page.tab.goto(page.address)
    log_in(page, "kim", "wrong horse battery")
    message = page.tab.get_by_role("alert")
    expect(message).to_have_text("This name and password do not go together.")
    expect(page.tab.get_by_label("Name")).to_have_value("kim")
    expect(page.tab.get_by_label("Password")).to_have_value("")
    forget_refusals(page)
    log_in(page, "kim")
    page.wait_until_drawn()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_login_page_is_usable_on_a_phone_and_by_everybody(new_tab: NewTab, mode: str) -> None:
    page = new_tab(viewport={"width": 390, "height": 700}, color_scheme=mode)
    page.tab.goto(page.address)
    expect(page.tab.get_by_role("button", name="Log in")).to_be_visible()
    found = Axe().run(page.tab).response["violations"]
    assert [one["id"] for one in found] == []
    assert page.tab.evaluate("document.documentElement.scrollWidth") == 390


def test_a_viewer_sees_everything_and_no_button_that_changes_something(new_tab: NewTab) -> None:
    page = new_tab()
    page.tab.goto(page.address)
    log_in(page, "vera")
    page.wait_until_drawn()
    expect(page.tab.get_by_text("vera, viewer")).to_be_visible()
    page.open_cell("Gate 2", "ppe")
    expect(page.panel_title).to_be_visible()
    expect(page.save_button).to_be_hidden()
    expect(page.discard_button).to_be_hidden()
    for button in page.tab.locator(".vd-writes").all():
        expect(button).to_be_hidden()


def test_a_session_that_ends_says_so_and_the_page_goes_on_after_the_next_login(
    new_tab: NewTab,
) -> None:
    page = new_tab()
    page.tab.goto(page.address)
    log_in(page, "kim")
    page.wait_until_drawn()
    page.open_cell("Gate 2", "ppe")
    page.field("Desired fps").fill("9")
    page.tab.context.clear_cookies()
    notice = page.tab.get_by_text("You are logged out.")
    expect(notice).to_be_visible()
    with page.tab.context.expect_page() as opened:
        notice.get_by_role("link", name="Log in again").click()
    other = new_tab()
    other.tab = opened.value
    log_in(other, "kim")
    expect(notice).to_be_hidden()
    expect(page.field("Desired fps")).to_have_value("9")
    forget_refusals(page)
