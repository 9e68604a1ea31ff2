"""Acting on selected cells, over real requests: what becomes of the draft, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty_vas import Fault, FaultyVas
from tests.fakes.page import Page, controls, text
from tests.fakes.pages import complete, row, until
from vas_dash import Settings, create_server
from vas_dash.domain.changes import KEEP, DesiredChange
from vas_dash.pages.panel.model import IntentText, read_intent
from vas_dash.pages.selection import model as bulk
from vas_dash.pages.selection.known import Known, known_properties
from vas_dash.pages.selection.reading import read_form
from vas_dash.pages.selection.report import report as report_of

ON = "\N{BLACK CIRCLE} on"
OFF = "\N{WHITE CIRCLE} off"
NONE = "\N{EN DASH} unassigned"


def drafted(page: Page, camera: str, model: str) -> str | None:
    """What the row says that a cell is drafted to become."""
    page.refresh()
    return row(page, camera).get(f"d:{model}")


# Single cells.


def test_a_drafted_cell_stands_in_its_row_until_it_is_dropped(still: Page, vas: FaultyVas) -> None:
    answer = still.draft(("cam-1", "ppe", False), ("cam-10", "fire", True))
    assert answer == {"n": 1, "error": "", "revision": 1, "messages": []}
    assert still["draft.data"] == {"id": "d" * 32, "revision": 1, "count": 2, "blocked": 0}
    assert drafted(still, "cam-1", "ppe") == OFF
    assert row(still, "cam-1")["m:ppe"] == f"{ON} 5 fps"
    assert drafted(still, "cam-10", "fire") == ON
    # Asked for again, as a browser does that had no answer: the same.
    still.draft(("cam-1", "ppe", False))
    assert still["draft.data"]["count"] == 2
    still.draft(("cam-1", "ppe", None))
    assert drafted(still, "cam-1", "ppe") is None
    still.draft(clear=True)
    assert drafted(still, "cam-10", "fire") is None
    assert still["draft.data"]["count"] == 0
    assert vas.count("PATCH", "writes") + vas.count("POST", "writes") == 0


def test_only_the_rows_that_are_drafted_are_sent(still: Page) -> None:
    still.draft(("cam-2", "ppe", True))
    still.refresh()
    (operation,) = still.sent["grid"]["data"]["operations"]
    assert operation["location"] == [1]
    assert set(still.sent["grid"]) == {"data"}
    still.refresh()
    assert still.sent == {}


def test_a_draft_is_found_again_and_only_by_its_id(still: Page) -> None:
    still.draft(("cam-1", "ppe", False))
    again, other = Page(still.client), Page(still.client)
    again.props["draft.data"] = {"id": "d" * 32}
    assert drafted(again, "cam-1", "ppe") == OFF
    assert again["rendered.data"]["draft"]["count"] == 1
    other.props["draft.data"] = {"id": "e" * 32}
    assert drafted(other, "cam-1", "ppe") is None


def test_a_toggle_that_cannot_be_is_blocked_and_says_why(still: Page) -> None:
    answer = still.draft(("cam-1", "old", True))
    assert answer["messages"] == ["Old on Gate 1: the model is not open to new assignments."]
    assert drafted(still, "cam-1", "old") == "! cannot be done"
    still.open("cam-1", "old")
    still.fire("tools-ask.data")
    assert "cannot be done: the model is not open" in text(still["panel-tools.children"])


def test_without_a_journal_the_grid_goes_on_and_says_so(
    vas: FaultyVas, patient: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    broken = patient.model_copy(update={"db_url": f"sqlite:///{tmp_path}/file/journal.db"})
    page = Page(create_server(broken.model_copy(update={"refresh_s": 3600})).test_client())
    until(page, lambda: complete(page))
    answer = page.draft(("cam-1", "ppe", False))
    assert answer["error"].startswith("the journal cannot be")
    assert page["draft.data"] is None
    page.props["draft.data"] = {"id": "d" * 32}
    page.refresh()
    assert page["rendered.data"]["draft"]["error"].startswith("the journal cannot be read")
    assert row(page, "cam-1")["m:ppe"] == f"{ON} 5 fps"
    assert page.act("off", {"cam-1": ["ppe"]}).startswith("Nothing was drafted: the journal")
    assert page.apply("cam-1", "ppe", False).startswith(
        "Protective gear on Gate 1: not applied, nothing was sent: the journal"
    )
    assert vas.count("PATCH", "writes") == 0
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    assert page.draft(("cam-1", "ppe", False))["error"] == ""
    assert drafted(page, "cam-1", "ppe") == OFF


# At once.


@pytest.mark.usefixtures("unhurried")
def test_a_cell_is_applied_at_once_and_stands_in_the_journal(still: Page, vas: FaultyVas) -> None:
    assert still.apply("cam-1", "ppe", False) == ""
    stored = vas.cell("cam-1", "ppe")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (False, 5)
    still.refresh()
    assert row(still, "cam-1")["m:ppe"] == OFF
    assert still.apply("cam-1", "ppe", False).endswith("the VAS has it already.")
    assert vas.count("PATCH", "writes") == 1


@pytest.mark.usefixtures("unhurried")
def test_what_was_changed_elsewhere_is_not_touched(still: Page, vas: FaultyVas) -> None:
    vas.edit("cam-1", "ppe", desired_fps=20)
    assert still.apply("cam-1", "ppe", False) == (
        "Protective gear on Gate 1: not applied, changed elsewhere to "
        'on, 20 fps, parameters {"threshold": 0.5}.'
    )
    assert vas.count("PATCH", "writes") == 0
    still.refresh()
    assert row(still, "cam-1")["m:ppe"] == f"{ON} 20 fps"


@pytest.mark.usefixtures("unhurried")
def test_what_did_not_work_says_why(still: Page, vas: FaultyVas) -> None:
    vas.fault("writes", Fault.FORBIDDEN)
    assert "not applied, the VAS refused it: " in still.apply("cam-1", "ppe", False)
    vas.fault("writes", Fault.FAIL_TEXT)
    assert "sent, but not confirmed" in still.apply("cam-2", "ppe", True)
    still.refresh()
    assert row(still, "cam-2")["m:ppe"] == "? unknown"
    vas.stop()
    assert "not applied, nothing was sent: " in still.apply("cam-10", "fire", True)


def test_what_takes_too_long_is_never_sent(still: Page, vas: FaultyVas) -> None:
    vas.fault("all", Fault.HANG)
    assert still.apply("cam-1", "ppe", False).startswith(
        "Protective gear on Gate 1: not applied, nothing was sent: the VAS did not answer"
    )
    vas.heal()
    assert vas.count("PATCH", "writes") == 0


# What the filter finds.


def find(page: Page, model: str = "") -> dict[str, Any]:
    page.set("find-cells.data", {"model": model, "n": 4})
    answer: dict[str, Any] = page["found-cells.data"]
    return answer


def test_cells_are_found_over_all_pages(still: Page) -> None:
    still.refresh("?size=25&page=7&state=on")
    assert find(still) == {
        "n": 4,
        "model": "",
        "models": ["fire", "old", "ppe"],
        "cameras": ["cam-1", "cam-2"],
    }
    still.refresh("?q=gate+1&model=ppe")
    assert find(still)["models"] == ["ppe"]
    assert find(still)["cameras"] == ["cam-1", "cam-10"]
    assert find(still, "fire")["models"] == ["fire"]
    assert find(still, "no such")["models"] == []


# The whole selection.

ALL = {f"cam-{number}": ["ppe", "fire", "old"] for number in (1, 2, 10)}


def test_turning_off_drafts_what_is_on_and_leaves_the_rest(still: Page) -> None:
    assert still.act("off", ALL) == "2 cells drafted; 7 are so already."
    assert drafted(still, "cam-1", "ppe") == OFF
    assert drafted(still, "cam-2", "old") == OFF
    assert drafted(still, "cam-10", "fire") is None
    assert still.act("remove", {"cam-2": ["ppe"]}) == "1 cell drafted."
    assert drafted(still, "cam-2", "ppe") == NONE


def test_what_cannot_be_is_listed_by_cell(still: Page) -> None:
    said = still.act("on", ALL)
    assert said.startswith("5 cells drafted; 2 are so already; 2 cannot be done.")
    assert "Old on Gate 1: the model is not open to new assignments" in said
    assert still["draft.data"]["blocked"] == 2
    assert drafted(still, "cam-1", "old") == "! cannot be done"


def test_a_long_list_of_what_cannot_be_is_cut() -> None:
    blocked = [(f"Old on Gate {number}", "no") for number in range(55)]
    told = report_of(60, 5, blocked)
    assert told.text == "5 cells drafted; 55 cannot be done."
    assert len(told.blocked) == 20
    assert told.more == 35


def test_more_cells_than_any_fleet_has_are_not_even_listed(still: Page) -> None:
    wide = [f"model-{number}" for number in range(1000)]
    assert "nothing was drafted" in still.act("off", {f"cam-{n}": wide for n in range(1001)})
    assert still["draft.data"] is None


def test_nothing_selected_is_said(still: Page) -> None:
    assert still.act("off", {}) == "Nothing is selected."
    assert still["draft.data"] is None


# The form.


def field(page: Page, name: str, kind: str = "bulk-value") -> Any:
    return controls(page["bulk-form.children"])[f'{{"type": "{kind}", "name": "{name}"}}']


def test_the_form_says_what_the_cells_hold(still: Page) -> None:
    still.draft(("cam-10", "ppe", True))
    still.act("edit", {"cam-1": ["ppe"], "cam-2": ["ppe"], "cam-10": ["ppe", "fire"]})
    shown = text(still["bulk-form.children"])
    assert "3 of the selected cells are assigned; 1 is not" in shown
    assert "mixed: 5, default" in shown
    assert "threshold mixed: 0.5, not set" in shown
    assert "classes now: not set" in shown
    for name in ("fps", "priority", "#/threshold", "#/classes", "free"):
        assert field(still, name, "bulk-how") == "leave"
    assert still["bulk.hidden"] is False


def test_what_is_not_named_stays_as_it_is(still: Page) -> None:
    cells = {"cam-1": ["ppe"], "cam-2": ["ppe", "old"]}
    still.act("edit", cells)
    typed = {"fps": "9", "how_fps": "set", "#/classes/~rows": "0", "#/classes/0": "vest"}
    assert still.act("save", cells, **typed, **{"how_#/classes": "set"}) == ("3 cells drafted.")
    assert still["bulk.hidden"] is True
    assert drafted(still, "cam-1", "ppe") == f"{ON} 9 fps, parameters"
    assert drafted(still, "cam-2", "ppe") == f"{OFF} 9 fps, parameters"
    still.act("edit", cells)
    assert "now: 9" in text(still["bulk-form.children"])
    assert "threshold mixed: 0.5, not set" in text(still["bulk-form.children"])
    assert '["vest"]' in text(still["bulk-form.children"])


def test_bad_input_is_told_at_its_field_and_stays(still: Page) -> None:
    cells = {"cam-1": ["ppe"]}
    still.act("edit", cells)
    typed = {
        "fps": "31",
        "how_fps": "set",
        "priority": "5",
        "#/threshold": "high",
        "how_#/threshold": "set",
        "free-name": "",
        "how_free": "clear",
    }
    assert still.act("save", cells, **typed) == "Not drafted: see the fields above."
    shown = text(still["bulk-form.children"])
    assert "must be a whole number from 1 to 30" in shown
    assert 'a value is given: choose "set"' in shown
    assert "must be a number, such as 0.5" in shown
    assert "give the name of the parameter" in shown
    assert field(still, "fps") == "31"
    assert field(still, "#/threshold") == "high"
    assert field(still, "fps", "bulk-how") == "set"
    assert still["draft.data"] is None
    assert still.act(
        "save",
        cells,
        fps="",
        how_fps="leave",
        priority="",
        **{
            "#/threshold": "",
            "how_#/threshold": "leave",
            "how_free": "leave",
        },
    ).startswith("Nothing is to be changed")


def test_a_value_that_the_schema_forbids_blocks_only_its_cell(still: Page) -> None:
    cells = {"cam-1": ["ppe"], "cam-2": ["old"]}
    still.act("edit", cells)
    said = still.act(
        "save",
        cells,
        **{
            "#/threshold": "3",
            "how_#/threshold": "set",
        },
    )
    assert said.startswith("1 cell drafted; 1 cannot be done.")
    assert "Protective gear on Gate 1: parameters.threshold: " in said


@pytest.mark.parametrize("text", ["5", "5.0", "+5", "0", "31", "-1", "2.5", "five", "9" * 5000])
def test_panel_and_bulk_read_a_number_alike(text: str) -> None:
    intent, panel_errors = read_intent(IntentText("on", text), None)
    desired, bulk_errors = read_form(bulk.Typed({"fps": "set"}, {"fps": text}))
    assert {name: f"{words}, or blank" for name, words in bulk_errors.items()} == panel_errors
    if not panel_errors:
        assert intent is not None
        assert desired.desired_fps == intent.desired_fps == 5


def test_forms_read_as_desired_changes() -> None:
    how = {
        "fps": "clear",
        "priority": "set",
        "#/a": "clear",
        "#/b": "set",
        "free": "set",
    }
    value = {"priority": "7", "#/b": "1.0", "free": "[1]", "free-name": "new"}
    desired, errors = read_form(bulk.Typed(how, value))
    assert errors == {}
    assert desired == DesiredChange(
        desired_fps=None,
        priority=7,
        set_parameters={"b": 1.0, "new": [1]},
        remove_parameters=frozenset({"a"}),
    )
    assert desired.enabled is KEEP


@pytest.mark.parametrize(
    "value", ["NaN", '{"a": 1, "a": 2}', "", "[", "0,35", '"\\ud800"', "[" * 9999]
)
def test_a_value_that_can_be_nothing_is_refused(value: str) -> None:
    typed = bulk.Typed({"#/a": "set"}, {"#/a": value})
    assert set(read_form(typed)[1]) == {"#/a"}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (None, "dock", "dock"),
        (None, '"5"', "5"),
        (None, "5", 5),
        (None, "true", True),
        ({"type": "string"}, "dock 5", "dock 5"),
        ({"type": "string"}, "5", "5"),
        ({"type": "string"}, '""', ""),
        ({"type": "number"}, "0.35", 0.35),
        ({"type": "boolean"}, "true", True),
        ({"enum": ["fast", "slow"]}, '"fast"', "fast"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null", None),
        ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", [1, 2]),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ['"a"'], ["a"]),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, [], []),
    ],
)
def test_values_are_typed_as_in_the_panel(
    schema: dict[str, Any] | None, text: object, value: object
) -> None:
    typed = bulk.Typed({"#/a": "set"}, {"#/a": text})
    known = known_properties([] if schema is None else [{"properties": {"a": schema}}], typed.value)
    desired, errors = read_form(typed, known)
    assert errors == {}
    assert desired.set_parameters == {"a": value}


ZONES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "limit": {"type": "integer"}},
    },
}
AREA = {"type": "object", "properties": {"left": {"type": "number"}, "top": {"type": "number"}}}
ALERT = {
    "oneOf": [
        {"title": "Never", "const": "never"},
        {
            "title": "By count",
            "type": "object",
            "properties": {"kind": {"const": "count"}, "over": {"type": "integer"}},
            "required": ["kind"],
        },
    ]
}


@pytest.mark.parametrize(
    ("schema", "values", "value"),
    [
        (
            ZONES,
            {"#/a/~rows": "1,0", "#/a/0/name": "dock", "#/a/1/name": "gate", "#/a/1/limit": "3"},
            [{"name": "gate", "limit": 3}, {"name": "dock"}],
        ),
        (ZONES, {"#/a/~rows": "[]"}, []),
        (AREA, {"#/a/left": "0.5"}, {"left": 0.5}),
        (ALERT, {"#/a/~form": "0"}, "never"),
        (ALERT, {"#/a/~form": "1", "#/a/over": "4"}, {"kind": "count", "over": 4}),
    ],
)
def test_lists_groups_and_choices_have_the_fields_of_the_panel(
    schema: dict[str, Any], values: dict[str, str], value: object
) -> None:
    typed = bulk.Typed({"#/a": "set"}, values)
    known = known_properties([{"properties": {"a": schema}}] * 2, values)
    desired, errors = read_form(typed, known)
    assert errors == {}
    assert desired.set_parameters == {"a": value}
    desired, errors = read_form(bulk.Typed({"#/a": "leave"}, values), known)
    assert list(errors.values()) == ['a value is given: choose "set", or empty it']
    blank = bulk.Typed({"#/a": "set"})
    _, errors = read_form(blank, known_properties([{"properties": {"a": schema}}]))
    assert list(errors.values()) == ['give a value, or choose "remove"']
    desired, errors = read_form(bulk.Typed({"#/a": "clear"}), Known(known.nodes))
    assert errors == {}
    assert desired.remove_parameters == {"a"}


def test_what_is_wrong_in_a_row_stands_at_its_field() -> None:
    words = {"type": "array", "items": {"type": "string"}}
    values = {"#/a/~rows": "0,1", "#/a/1/limit": "many", "#/b/~rows": "0"}
    typed = bulk.Typed({"#/a": "set", "#/b": "set"}, values)
    known = known_properties([{"properties": {"a": ZONES, "b": words}}], values)
    assert read_form(typed, known)[1] == {
        "#/a/1/limit": "must be a whole number, such as 5",
        "#/b/0": "needs a value, or remove the row",
    }


def test_models_that_ask_for_different_groups_ask_for_a_value_or_json() -> None:
    other = {**ZONES, "maxItems": 3}
    schemas: list[dict[str, Any]] = [
        {"properties": {"a": ZONES}},
        {"properties": {"a": other, "b": AREA}},
    ]
    assert set(known_properties(schemas).nodes) == {"b"}


def test_rows_are_added_to_the_form_and_what_was_typed_stays(still: Page) -> None:
    cells = {"cam-1": ["ppe"], "cam-2": ["ppe"]}
    still.act("edit", cells)
    assert field(still, "#/classes/~rows") == ""
    typed = {"#/classes/~rows": "0", "fps": "9", "how_fps": "set"}
    still.reshape(cells, **typed)
    assert field(still, "#/classes/0") == ""
    assert field(still, "fps") == "9"
    assert field(still, "fps", "bulk-how") == "set"
    again = {"#/classes/~rows": "0,1", "#/classes/0": "vest", "how_#/classes": "set"}
    still.reshape(cells, **again)
    assert field(still, "#/classes/0") == "vest"
    assert still.act("save", cells, **{"#/classes/1": "helmet"}) == "2 cells drafted."
    still.open("cam-2", "ppe")
    assert drafted(still, "cam-2", "ppe") == f"{OFF} 9 fps, parameters"


def test_a_comma_in_a_number_is_explained() -> None:
    for known in (Known(), known_properties([{"properties": {"a": {"type": "number"}}}])):
        typed = bulk.Typed({"#/a": "set"}, {"#/a": "0,35"})
        assert read_form(typed, known)[1] == {"#/a": "must be a number, written with a point: 0.35"}


def test_what_every_cell_refuses_stays_as_it_was_typed(still: Page) -> None:
    cells = {"cam-1": ["ppe"]}
    still.act("edit", cells)
    typed = {"#/threshold": "3", "how_#/threshold": "set"}
    said = still.act("save", cells, **typed)
    assert said.startswith("No cell drafted; 1 cannot be done.")
    assert still["bulk.hidden"] is False
    assert field(still, "#/threshold") == "3"
    assert still["acted.data"]["ok"] is False


def test_one_parameter_named_twice_is_refused() -> None:
    value = {"#/a": "1", "free": "2", "free-name": "a"}
    for how in ("set", "clear"):
        typed = bulk.Typed(
            {"#/a": how, "free": "set"},
            value | {"#/a": "1"} if how == "set" else {"free": "2", "free-name": "a"},
        )
        assert "free" in read_form(typed)[1]


# Copying a camera.


def test_a_copied_camera_is_copied_whole(still: Page) -> None:
    still.act("copy", {"cam-2": ["fire"]}, "cam-1")
    assert field(still, "camera") == "Gate 1"
    said = still.act("save", {"cam-2": ["fire"], "cam-10": ["fire"], "cam-1": ["ppe"]})
    assert said == "3 cells drafted; 3 are so already."
    assert drafted(still, "cam-2", "ppe") == f"{ON} 5 fps, parameters"
    assert drafted(still, "cam-2", "old") == NONE
    assert drafted(still, "cam-10", "ppe") == f"{ON} 5 fps, parameters"
    assert drafted(still, "cam-1", "ppe") is None


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "give the name or the id of a camera"),
        ("Gate 99", "no camera has this name or id"),
    ],
)
def test_a_camera_that_is_not_there_is_said_at_the_field(
    still: Page, typed: str, message: str
) -> None:
    still.act("copy", {"cam-2": ["fire"]})
    said = still.act("save", {"cam-2": ["fire"]}, camera=typed)
    assert said == "Not drafted: see the field above."
    assert message in text(still["bulk-form.children"])
    assert field(still, "camera") == typed
    assert still.act("save", {"cam-2": ["fire"]}, camera="gate 10").startswith("2 cells drafted")


def test_cameras_to_copy_from_are_offered_by_name(still: Page) -> None:
    still.act("copy", {"cam-2": ["fire"]})
    callback = still.callback('{"name":"camera","type":"bulk-value"}.value')
    value = [
        {"id": {"name": "camera", "type": "bulk-value"}, "property": "value", "value": "GATE 1"}
    ]
    recent = [{"id": "recent", "property": "data", "value": []}]
    still.post(callback, value, recent, '{"name":"camera","type":"bulk-value"}.value')
    assert [one["props"]["value"] for one in still["bulk-cameras.children"]] == [
        "Gate 1",
        "Gate 10",
    ]
