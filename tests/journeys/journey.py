"""The page as a person goes through it, for dash.testing: cells, the panel, the review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash.testing.browser import Browser
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

WAIT_S = 30.0
"""The generous deadline of every wait for a state."""

ON, OFF = "\N{BLACK CIRCLE} on", "\N{WHITE CIRCLE} off"
COUNTS = "60 of 60 cameras: 22 on, 11 off, 147 unassigned, 0 unknown"


class Journey:
    """One tab that shows the page."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.browser = browser
        self.driver = browser.driver
        self.base = f"{base_url}/ai-models/"

    def until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait until `holds`; what Dash draws anew meanwhile is asked again."""

        def looked(_driver: object) -> bool:
            return bool(holds())

        wait = WebDriverWait(self.driver, WAIT_S, 0.05, ignored_exceptions=[Exception])
        wait.until(looked, what)

    def text(self, selector: str) -> str:
        return str(self.driver.find_element(By.CSS_SELECTOR, selector).text).strip()

    def texts(self, selector: str) -> list[str]:
        """What stands in every such element that is shown."""
        script = """
            return [...document.querySelectorAll(arguments[0])]
                .filter(node => node.offsetParent)
                .map(node => node.innerText.trim());
        """
        found: list[str] = self.driver.execute_script(script, selector)
        return found

    def expect(self, selector: str, text: str) -> None:
        """Wait until that element says `text` somewhere."""
        self.until(lambda: text in self.text(selector), f"{selector} never says {text!r}")

    def is_shown(self, selector: str) -> bool:
        return bool(self.driver.find_element(By.CSS_SELECTOR, selector).is_displayed())

    def open(self, path: str = "") -> Journey:
        self.driver.get(self.base + path)
        # Told before the first sweep is through, and before DataTable has drawn the rows of it.
        self.until(lambda: self.cameras() != [], "the grid is never drawn")
        return self

    @property
    def address(self) -> str:
        return str(self.driver.current_url)

    # The grid.

    def cameras(self) -> list[str]:
        """The names on this page of the grid, from top to bottom."""
        return self.texts("#grid [role=rowheader]")

    def expect_cameras(self, *names: str) -> None:
        """Wait until this page of the grid holds exactly these, in this order."""
        self.until(lambda: self.cameras() == list(names), f"the grid never shows {names}")

    def cell(self, camera: str, model: str) -> WebElement:
        """A cell, by the camera's name and the model's id."""
        return self._cell("grid", camera, f"m:{model}")

    def overview_cell(self, location: str, number: int) -> WebElement:
        """A cell of the overview, by the location and the number of the model's column."""
        return self._cell("overview", location, f"m{number}")

    def _cell(self, table: str, row: str, column: str) -> WebElement:
        script = """
            const [table, row, column] = arguments;
            const head = [...document.querySelectorAll(`#${table} [role=rowheader]`)]
                .find(node => node.innerText.trim() === row);
            return head && head.closest("tr").querySelector(`[data-column="${column}"]`);
        """
        found: WebElement | None = self.driver.execute_script(script, table, row, column)
        assert found is not None, f"there is no cell of {row} and {column}"
        return found

    def click_cell(self, camera: str, model: str) -> None:
        cell = self.cell(camera, model)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", cell)
        cell.click()

    def expect_cell(self, camera: str, model: str, text: str) -> None:
        self.until(
            lambda: self.cell(camera, model).text.strip() == text,
            f"{model} on {camera} never says {text!r}",
        )

    def expect_name(self, cell: Callable[[], WebElement], name: str) -> None:
        """Wait until a screen reader says `name` of the cell."""
        self.until(lambda: cell().accessible_name == name, f"no cell is ever {name!r}")

    def press(self, camera: str, model: str, *keys: str) -> None:
        """Put the keyboard into a cell, and press keys there."""
        self.press_at(self.cell(camera, model), *keys)

    def press_at(self, cell: WebElement, *keys: str) -> None:
        """Put the keyboard there, and press keys."""
        self.driver.execute_script("arguments[0].focus()", cell)
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    # Elsewhere.

    def click(self, selector: str) -> None:
        def clicked() -> bool:
            self.driver.find_element(By.CSS_SELECTOR, selector).click()
            return True

        self.until(clicked, f"{selector} cannot be clicked")

    def type(self, selector: str, text: str) -> None:
        """Put `text` into a field, instead of what is in it."""
        found = self.driver.find_element(By.CSS_SELECTOR, selector)
        found.send_keys(Keys.CONTROL, "a")
        found.send_keys(Keys.DELETE)
        found.send_keys(text)

    def panel_field(self, label: str) -> WebElement:
        """A control of the panel's form, by the first word of its label."""
        script = """
            const label = [...document.querySelectorAll("#panel label")]
                .find(node => node.innerText.trim().startsWith(arguments[0]));
            return label && (label.control || document.getElementById(label.htmlFor));
        """
        found: WebElement | None = self.driver.execute_script(script, label)
        assert found is not None, f"there is no field {label}"
        return found

    def fill(self, label: str, text: str) -> None:
        found = self.panel_field(label)
        found.send_keys(Keys.CONTROL, "a")
        found.send_keys(Keys.DELETE)
        found.send_keys(text)

    def expect_calm(self) -> None:
        """Nothing in the browser's log."""
        assert [line["message"] for line in self.driver.get_log("browser")] == []
