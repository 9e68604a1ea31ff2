"""The page's callbacks, over real requests to its server and from there to a VAS."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty_vas import Fault, FaultyVas, assignment, camera
from tests.fakes.page import Page, controls, text, walk
from tests.fakes.pages import SAVE_S, OpenPage, calm, complete, row, save_within, until
from vas_dash import Settings, create_server
from vas_dash.journal import Journal

pytestmark = pytest.mark.usefixtures("unhurried")

FPS = json.dumps({"type": "panel-field", "name": "fps"})
REASON = json.dumps({"type": "panel-field", "name": "reason"})


# The grid.


def test_the_first_answer_sends_everything(
    page: Page, patient: Settings, open_page: OpenPage
) -> None:
    fresh = open_page(patient)
    fresh.refresh()
    assert set(fresh.sent) == {"grid", "rendered"}
    assert [one["camera"] for one in page["grid.data"]] == ["Gate 1", "Gate 2", "Gate 10"]
    assert [one["name"] for one in page["grid.columns"]] == [
        "Camera",
        "Assigned models",
        "Location",
        "Fire",
        "Old (not for new assignments)",
        "Protective gear",
    ]
    assert page.line("counts") == "3 of 3 cameras: 2 on, 1 off, 6 unassigned, 0 unknown"
    assert page.line("pager-text") == "Page 1 of 1"
    assert page.line("grid-empty") == ""
    assert page["rendered.data"]["closed"] == ["m:old"]


def test_the_choices_of_the_filters_are_asked_for_apart(page: Page) -> None:
    page.set("options.data", page["rendered.data"]["options"])
    assert set(page.sent) == {"filter-locations", "filter-models", "filter-state-of"}
    assert page["filter-models.options"][0] == {"label": "Fire", "value": "fire"}
    assert page["filter-state-of.options"][0] == {"label": "any shown", "value": "any"}


def test_nothing_is_sent_when_nothing_changed(still: Page) -> None:
    still.refresh()
    assert still.last is not None
    assert (still.last.status_code, still.last.data) == (204, b"")


def test_only_the_time_is_sent_when_only_the_time_moved(still: Page) -> None:
    now = still.line("status")
    # As if the browser had been told of an earlier reading that was otherwise the same.
    still["rendered.data"]["texts"]["status"] = "as of 00:00:00"
    still["rendered.data"]["digest"] = "earlier"
    still.refresh()
    assert set(still.sent) == {"rendered"}
    assert still.line("status") == now
    still.refresh()
    assert still.sent == {}


def test_a_changed_cell_sends_its_row_and_no_other(page: Page, vas: FaultyVas) -> None:
    kept = row(page, "cam-2")
    vas.edit("cam-1", "ppe", desired_fps=9)
    sent: list[dict[str, Any]] = []

    def changed() -> bool:
        sent.append(page.sent)
        return "grid" in page.sent

    until(page, changed)
    (operation,) = sent[-1]["grid"]["data"]["operations"]
    assert operation["location"] == [0]
    assert set(sent[-1]["grid"]) == {"data"}
    assert row(page, "cam-2") == kept
    assert row(page, "cam-1")["m:ppe"] == "\N{BLACK CIRCLE} on 9 fps"


def test_a_camera_that_goes_or_comes_sends_all_rows(page: Page, vas: FaultyVas) -> None:
    del vas.cameras["cam-2"]
    until(page, lambda: len(page["grid.data"]) == 2)
    vas.cameras["cam-3"] = camera(3, id="cam-3", name="Gate 3")
    until(page, lambda: len(page["grid.data"]) == 3)
    assert [one["id"] for one in page["grid.data"]] == ["cam-1", "cam-3", "cam-10"]
    assert page.line("counts").startswith("3 of 3 cameras")


def test_another_address_is_another_view(still: Page) -> None:
    still.refresh("?state=off&of=ppe&sort=-camera&model=ppe")
    assert [one["id"] for one in still["grid.data"]] == ["cam-2"]
    assert [one["id"] for one in still["grid.columns"][3:]] == ["m0"]
    assert still["rendered.data"]["models"] == ["ppe"]
    assert still["grid.sort_by"] == [{"column_id": "camera", "direction": "desc"}]
    assert still.line("counts") == "1 of 3 cameras: 0 on, 1 off, 0 unassigned, 0 unknown"
    still.refresh("")
    assert len(still["grid.data"]) == 3
    assert still["grid.sort_by"] == [{"column_id": "camera", "direction": "asc"}]


@pytest.mark.parametrize("search", ["?loc=" + "%ff" * 6600, "?q=\ud800", "?" + "loc=x&" * 900])
def test_a_hostile_address_does_not_freeze_the_grid(still: Page, search: str) -> None:
    still.refresh(search)
    assert still.last is not None
    assert still.last.status_code in (200, 204)
    still.refresh("?q=Gate+10")
    assert [one["id"] for one in still["grid.data"]] == ["cam-10"]


# Tooltips.


def test_tooltips_say_what_is_known(still: Page) -> None:
    assert still.tooltip("cam-1", "ppe").startswith(
        "Protective gear on Gate 1\nassigned: on, 5 fps"
    )
    assert still.tooltip("cam-1", "fire") == "Fire on Gate 1\nunassigned"
    assert still.tooltip("cam-1", "", "camera").startswith("Gate 1\nHall 1\nid cam-1")
    assert still.tooltip("", "old", "model").endswith("not for new assignments")
    assert still.tooltip("no", "such") == ""


# The side panel.


def test_a_cells_panel_shows_the_cell_and_its_form(still: Page) -> None:
    still.open("cam-1", "ppe")
    assert still["panel-title.children"] == "Protective gear on Gate 1"
    assert still["panel.hidden"] is False
    assert still["panel-actions.hidden"] is False
    assert text(still["panel-live.children"]).startswith("assigned: on, 5 fps, default priority")
    form = controls(still["panel-form.children"])
    assert form['{"type": "panel-field", "name": "intent"}'] == "on"
    assert form['{"type": "panel-field", "name": "fps"}'] == "5"
    assert form['{"type": "panel-field", "name": "priority"}'] == ""
    assert "0.5" in form.values()


def test_a_cameras_and_a_models_panel_have_no_form(still: Page) -> None:
    still.open("cam-2", "", "camera")
    assert still["panel-actions.hidden"] is True
    assert still["panel-form.children"] == []
    assert "Models: 1 on, 1 off" in text(still["panel-live.children"])
    still.open("", "ppe", "model")
    assert "Schema of the parameters" in text(still["panel-live.children"])
    assert "1 on" in text(still["panel-live.children"])


def test_the_live_part_is_sent_again_only_when_it_changed(page: Page, vas: FaultyVas) -> None:
    page.open("cam-1", "ppe")
    page.follow()
    assert page.last is not None
    assert page.last.status_code == 204
    vas.edit("cam-1", "ppe", priority=3)
    until(page, lambda: "priority 3" in row(page, "cam-1")["m:ppe"])
    page.follow()
    assert "Changed elsewhere since this was opened." in text(page["panel-live.children"])


def test_a_panel_says_when_its_camera_has_gone(page: Page, vas: FaultyVas) -> None:
    page.open("cam-10", "ppe")
    del vas.cameras["cam-10"]
    until(page, lambda: len(page["grid.data"]) == 2)
    page.follow()
    assert text(page["panel-live.children"]) == "No longer in the VAS."
    assert page.save(intent="on") == "Not saved, nothing was sent: no longer in the VAS."


def test_an_empty_process_does_not_say_that_a_camera_has_gone(
    page: Page, vas: FaultyVas, patient: Settings, open_page: OpenPage
) -> None:
    page.open("cam-1", "ppe")
    vas.stop()
    page.client = open_page(patient).client
    message = page.save(fps="6")
    assert message.startswith("Not saved, nothing was sent: the cameras are unknown: ")
    page.follow()
    assert text(page["panel-live.children"]).startswith("The cameras are unknown: ")
    assert "the cell is unknown" in page.apply("cam-1", "ppe", False)


# Saving from the panel.


def test_a_save_is_written_read_again_and_shown(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    assert still.save(fps="", priority=" 7 ") == "Saved. The VAS was read again and has it."
    stored = vas.cell("cam-1", "ppe")
    assert stored is not None
    assert (stored["desired_fps"], stored["priority"]) == (None, 7)
    assert stored["parameters"] == {"threshold": 0.5}
    still.refresh()
    assert row(still, "cam-1")["m:ppe"] == "\N{BLACK CIRCLE} on priority 7"
    still.follow()
    assert "default fps, priority 7" in text(still["panel-live.children"])
    # The form now stands on what was saved: saving again changes nothing.
    assert still.save() == "Nothing to save: the VAS has it already."


def test_a_cell_is_assigned_and_taken_away(still: Page, vas: FaultyVas) -> None:
    still.open("cam-10", "fire")
    still.save(intent="off", fps="3")
    stored = vas.cell("cam-10", "fire")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (False, 3)
    still.save(intent="unassigned")
    assert vas.cell("cam-10", "fire") is None
    still.refresh()
    assert row(still, "cam-10")["m:fire"] == "\N{EN DASH} unassigned"


def test_wrong_fields_are_told_at_the_field_and_nothing_is_sent(
    still: Page, vas: FaultyVas
) -> None:
    still.open("cam-1", "ppe")
    fields = controls(still["panel-form.children"])
    (threshold,) = (name for name, value in fields.items() if value == "0.5")
    wrong = {name: value for name, value in fields.items() if name.startswith("{")}
    wrong |= {'{"type": "panel-field", "name": "fps"}': "ten", threshold: "1.5"}
    still.save_fields(wrong)
    assert text(still["panel-message.children"]) == "Not saved: see the fields above."
    again = controls(still["panel-form.children"])
    assert again['{"type": "panel-field", "name": "fps"}'] == "ten"
    assert again[threshold] == "1.5"
    messages = [
        text(one) for one in walk(still["panel-form.children"]) if "error" in _class(one).split("-")
    ]
    assert messages[0] == "must be a whole number from 1 to 30, or blank"
    assert len(messages) == 2
    assert vas.count("PATCH", "writes") == 0
    assert still["panel-result.data"] == {"key": ["cam-1", "ppe"], "ok": False}


def _class(component: dict[str, Any]) -> str:
    return str(component.get("props", {}).get("className", ""))


def test_a_conflict_shows_both_and_changes_nothing_until_a_choice(
    still: Page, vas: FaultyVas
) -> None:
    still.open("cam-1", "ppe")
    vas.edit("cam-1", "ppe", desired_fps=20)
    message = still.save(fps="6")
    assert message.startswith("Not saved: the cell was changed elsewhere since this was opened.")
    assert "In the VAS now on, 20 fps" in message
    assert "Yours on, 6 fps" in message
    assert vas.count("PATCH", "writes") == 0
    form = controls(still["panel-form.children"])
    assert form['{"type": "panel-field", "name": "fps"}'] == "6"
    # The grid shows what the VAS has.
    still.refresh()
    assert row(still, "cam-1")["m:ppe"] == "\N{BLACK CIRCLE} on 20 fps"


def test_mine_is_saved_over_theirs(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    vas.edit("cam-1", "ppe", desired_fps=20, priority=1)
    still.save(fps="6")
    assert still.save("mine", fps="6") == "Saved. The VAS was read again and has it."
    stored = vas.cell("cam-1", "ppe")
    assert stored is not None
    assert (stored["desired_fps"], stored["priority"]) == (6, None)


def test_theirs_is_taken_instead_of_mine(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    vas.edit("cam-1", "ppe", desired_fps=20)
    still.save(fps="6")
    assert still.save("theirs", fps="6") == "Now as the VAS has it."
    form = controls(still["panel-form.children"])
    assert form['{"type": "panel-field", "name": "fps"}'] == "20"
    assert still.save() == "Nothing to save: the VAS has it already."
    assert vas.count("PATCH", "writes") == 0


def test_a_conflict_that_moves_on_is_a_conflict_again(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    vas.edit("cam-1", "ppe", desired_fps=20)
    still.save(fps="6")
    vas.edit("cam-1", "ppe", desired_fps=21)
    assert "In the VAS now on, 21 fps" in still.save("mine", fps="6")
    assert vas.count("PATCH", "writes") == 0


def test_a_row_of_somebody_else_is_a_conflict_and_not_a_save(still: Page, vas: FaultyVas) -> None:
    still.open("cam-10", "fire")
    # Between the reading and the POST: the VAS answers 201 with the row of the other.
    other = assignment("cam-10", "fire", desired_fps=1)
    vas.on_request = lambda method, _: vas.put(other) if method == "POST" else None
    message = still.save(intent="on", fps="9")
    assert "In the VAS now on, 1 fps" in message
    assert "Yours on, 9 fps" in message
    assert vas.cell("cam-10", "fire") == other


def test_what_the_vas_has_already_is_no_conflict(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    vas.edit("cam-1", "ppe", desired_fps=6)
    assert still.save(fps="6") == "Nothing to save: the VAS has it already."


def test_a_disabled_model_is_not_newly_assigned_even_when_a_browser_asks(
    still: Page, vas: FaultyVas
) -> None:
    still.open("cam-1", "old")
    assert still.save(intent="on") == "Not saved: see the fields above."
    assert "not for new assignments" in text(still["panel-form.children"])
    assert still.apply("cam-1", "old", True) == (
        "Old on Gate 1: not applied, the model is not open to new assignments."
    )
    assert vas.count("POST", "writes") == 0
    # What is assigned can be changed all the same.
    still.open("cam-2", "old")
    assert still.save(intent="off").startswith("Saved.")


@pytest.mark.parametrize(
    ("fault", "start", "stored"),
    [
        (Fault.UNAUTHORISED, "Not saved, the VAS refused it: the VAS asks for an API key", 5),
        (Fault.FORBIDDEN, "Not saved, the VAS refused it: the VAS rejected the API key", 5),
        (Fault.FAIL_JSON, "Sent, but not confirmed: the VAS failed (500). The cell is unknown", 5),
        (Fault.FAIL_TEXT, "Sent, but not confirmed: the VAS failed (500). The cell is unknown", 5),
        (Fault.CLOSE, "Sent, but not confirmed: the VAS cut the connection. The cell", 5),
        (Fault.HANG, "Sent, but not confirmed: the VAS did not answer within 2 s.", 5),
        (Fault.TRICKLE_HEADERS, "Sent, but not confirmed: the VAS did not answer within", 6),
        (Fault.TRICKLE_BODY, "Sent, but not confirmed: the VAS did not answer within", 6),
        (Fault.DONE_UNSAID, "Sent, but not confirmed: the VAS did not answer within", 6),
    ],
)
def test_a_save_that_fails_says_so_and_keeps_what_was_typed(
    still: Page,
    vas: FaultyVas,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    start: str,
    stored: int,
) -> None:
    save_within(monkeypatch, 2.0)
    still.open("cam-1", "ppe")
    vas.fault("writes", fault)
    message = still.save(fps="6", priority="8")
    # It was answered while the fault still holds.
    assert message.startswith(start)
    cell = vas.cell("cam-1", "ppe")
    assert cell is not None
    assert cell["desired_fps"] == stored
    form = controls(still["panel-form.children"])
    assert form['{"type": "panel-field", "name": "fps"}'] == "6"
    assert form['{"type": "panel-field", "name": "priority"}'] == "8"
    still.refresh()
    if message.startswith("Sent"):
        assert row(still, "cam-1")["m:ppe"] == "? unknown"
        tip = still.tooltip("cam-1", "ppe")
        assert "\nunknown: " in tip
        assert "\nlast seen 2" in tip
        assert ": on, 5 fps" in tip
    else:
        assert row(still, "cam-1")["m:ppe"] == "\N{BLACK CIRCLE} on 5 fps"


def test_a_refusal_says_what_was_wrong_with_which_field(still: Page, vas: FaultyVas) -> None:
    still.open("cam-10", "fire")
    del vas.cameras["cam-10"]
    assert still.save(intent="on") == (
        "Not saved, the VAS refused it: Device cam-10 does not exist."
    )


def test_an_unconfirmed_cell_is_known_again_after_a_sweep(page: Page, vas: FaultyVas) -> None:
    page.open("cam-1", "ppe")
    vas.fault("writes", Fault.CLOSE)
    page.save(fps="6")
    assert page["recent.data"][0]["unknown"]
    vas.heal()
    # The browser forgets it when the time is over; until then every sweep is older than that.
    page.refresh()
    assert row(page, "cam-1")["m:ppe"] == "? unknown"


def reason_of(page: Page) -> str | None:
    """What stands in the field for the reason; None: there is no such field."""
    return controls(page["panel-form.children"]).get(REASON)


@pytest.mark.parametrize(("rule", "shown"), [("off", None), ("optional", ""), ("required", "")])
def test_a_reason_is_asked_for_where_the_setting_says_so(
    patient: Settings, rule: Any, shown: str | None
) -> None:
    page = Page(create_server(patient.model_copy(update={"reason": rule})).test_client())
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    assert reason_of(page) == shown
    assert page.save(fps="6").startswith("Saved.") == (rule != "required")


def test_a_missing_reason_is_told_at_its_field_and_the_reason_stands_in_the_journal(
    patient: Settings, vas: FaultyVas
) -> None:
    page = Page(create_server(patient.model_copy(update={"reason": "required"})).test_client())
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    assert page.save(fps="6", reason="  ") == "Not saved: see the fields above."
    assert "a reason is needed" in text(page["panel-form.children"])
    assert vas.count("PATCH", "writes") == 0
    vas.fault("writes", Fault.FORBIDDEN)
    assert page.save(fps="6", reason="lens broken").startswith("Not saved, the VAS refused it")
    assert reason_of(page) == "lens broken"
    vas.heal()
    assert page.save().startswith("Saved.")
    assert reason_of(page) == ""
    journal = Journal(patient.db_url)
    assert [(one.who, one.why) for one in journal.history().items] == [
        ("operator", "lens broken"),
        ("operator", "lens broken"),
    ]
    journal.close()


def test_nothing_is_sent_when_the_journal_cannot_be_written_and_the_grid_goes_on(
    patient: Settings, vas: FaultyVas, tmp_path: Path
) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    url = f"sqlite:///{tmp_path / 'blocked' / 'journal.db'}"
    page = Page(create_server(patient.model_copy(update={"db_url": url})).test_client())
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    message = page.save(fps="6")
    assert message.startswith("Not saved, nothing was sent: the journal cannot be written: ")
    assert controls(page["panel-form.children"])[FPS] == "6"
    assert vas.count("PATCH", "writes") == 0
    page.refresh()
    assert complete(page)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.TRICKLE_BODY])
def test_a_save_on_a_vas_that_hangs_sends_nothing_and_says_so(
    still: Page, vas: FaultyVas, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    still.open("cam-1", "ppe")
    vas.fault("all", fault)
    save_within(monkeypatch, 0.5)
    message = still.save(fps="6")
    assert message.startswith("Not saved, nothing was sent: the VAS did not answer within")
    assert vas.count("PATCH", "writes") == 0
    save_within(monkeypatch, SAVE_S)
    vas.heal()
    # The first save may still be on its way for a moment.
    until(still, lambda: still.save(fps="6").startswith("Saved."))


def test_a_save_on_a_vas_that_is_away_says_so(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    vas.stop()
    assert still.save(fps="6") == ("Not saved, nothing was sent: the VAS refused the connection.")


# What this browser's own changes have shown.


def test_a_change_is_seen_by_its_browser_in_another_process_too(
    still: Page, vas: FaultyVas, patient: Settings, open_page: OpenPage
) -> None:
    other = open_page(patient)
    until(other, lambda: complete(other))
    still.open("cam-1", "ppe")
    vas_before = dict(vas.cell("cam-1", "ppe") or {})
    still.save(fps="6")
    # The other process's picture is older than the change: its sweep read what stood there before.
    fps = row(other, "cam-1")["m:ppe"]
    assert fps == f"\N{BLACK CIRCLE} on {vas_before['desired_fps']} fps"
    moved = Page(still.client)
    moved.props = dict(still.props)
    moved.client = still.client
    moved.refresh()
    assert row(moved, "cam-1")["m:ppe"] == "\N{BLACK CIRCLE} on 6 fps"


def learned(until: datetime, fps: int | None) -> dict[str, Any]:
    row = None
    if fps is not None:
        row = json.dumps(assignment("cam-1", "ppe", desired_fps=fps))
    return {"camera": "cam-1", "model": "ppe", "until": until.isoformat(), "assignment": row}


def test_what_was_learned_wins_over_an_older_sweep_and_loses_to_a_newer_one(still: Page) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    future = datetime.now(UTC) + timedelta(hours=1)
    for until_, fps, shown in (
        (future, 6, "\N{BLACK CIRCLE} on 6 fps"),
        (past, 7, "\N{BLACK CIRCLE} on 5 fps"),
        (future, None, "\N{EN DASH} unassigned"),
        (past, None, "\N{BLACK CIRCLE} on 5 fps"),
    ):
        still.props["recent.data"] = [learned(until_, fps)]
        still.refresh()
        assert row(still, "cam-1")["m:ppe"] == shown
        assert row(still, "cam-2")["m:ppe"] == "\N{WHITE CIRCLE} off"


def test_what_one_browser_learned_is_not_shown_to_another(still: Page) -> None:
    other = Page(still.client)
    still.props["recent.data"] = [learned(datetime.now(UTC) + timedelta(hours=1), 6)]
    still.refresh()
    other.refresh()
    assert row(other, "cam-1")["m:ppe"] == "\N{BLACK CIRCLE} on 5 fps"


# Numbers.


@pytest.mark.parametrize(
    "parameters",
    [
        {"big": 2**63, "bigger": -(10**40), "float": 1.0, "int": 1, "small": 1e-320},
        {"text": "1.0", "nested": {"list": [1.0, 2**60 + 1, None, True]}, "": ""},
        {"\N{SNOWMAN}": "\u2028</script>\0"[:-1]},
    ],
)
def test_numbers_survive_the_way_through_a_browser(
    page: Page, vas: FaultyVas, parameters: dict[str, Any]
) -> None:
    vas.put(assignment("cam-10", "fire", parameters=parameters))
    until(page, lambda: row(page, "cam-10")["m:fire"] == "\N{BLACK CIRCLE} on")
    page.open("cam-10", "fire")
    browser = json.loads(json.dumps(page.props), parse_int=lambda digits: int(float(digits)))
    page.props = browser
    assert page.save() == "Nothing to save: the VAS has it already."
    assert page.save(fps="2").startswith("Saved.")
    assert json.loads(vas.bodies[-1]) == {"desired_fps": 2}
    stored = vas.cell("cam-10", "fire")
    assert stored is not None
    assert json.dumps(stored["parameters"]) == json.dumps(parameters)


# The second.


def _refresh(page: Page) -> object:
    page.refresh()
    return page.line("grid-empty") or page.line("fleet-error") or page.line("counts")


CALLBACKS: list[Callable[[Page], object]] = [
    _refresh,
    lambda page: page.tooltip("cam-1", "ppe") or "nothing known of it",
    lambda page: page.save(fps="6"),
    lambda page: page.apply("cam-1", "ppe", False),
    lambda page: page.draft(("cam-1", "ppe", False)),
    lambda page: page.act("off", {"cam-1": ["ppe"]}),
    lambda page: page.act("edit", {"cam-1": ["ppe"]}) or page["bulk-form.children"],
]


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        ("nothing was ever read", Fault.HANG),
        ("the fleet was read before", Fault.HANG),
        ("the fleet was read before", Fault.TRICKLE_HEADERS),
        ("the fleet was read before", Fault.TRICKLE_BODY),
    ],
)
def test_every_callback_answers_while_the_vas_still_hangs(
    page: Page,
    vas: FaultyVas,
    patient: Settings,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    first: str,
) -> None:
    """The time-outs are minutes: an answer that came at all did not wait for the VAS."""
    save_within(monkeypatch, 0.5)
    page.open("cam-1", "ppe")
    vas.fault("all", fault)
    if first == "nothing was ever read":
        page.client = open_page(patient).client
    for callback in CALLBACKS:
        assert callback(page)
        assert page.last is not None
        assert page.last.status_code in (200, 204)
    page.follow()
    assert text(page["panel-live.children"])
    assert vas.count("PATCH", "writes") == 0
    calm(caplog)


# What no browser of ours would send.

GARBAGE: list[Any] = [
    None,
    True,
    0,
    -1.5,
    1e300,
    "",
    "text",
    "\ud800",
    [],
    [[]],
    [None],
    [{"camera": 1}],
    {},
    {"kind": "cell"},
    {"kind": "cell", "camera": None, "model": []},
    {"kind": "cell", "camera": "\ud800", "model": "\ud800"},
    {"kind": "cell", "camera": "cam-1", "model": "ppe", "assignment": "{}"},
    {"kind": "cell", "camera": "cam-1", "model": "ppe", "assignment": {"id": "x"}},
    {"kind": "cell", "camera": "x" * 100_000, "model": "ppe"},
    {"kind": "nothing", "camera": "cam-1", "model": "ppe"},
    {"key": ["cam-1", "ppe"], "conflict": "{"},
    {"key": ["cam-1", "ppe"], "conflict": 7},
    {"view": 7, "rows": "x", "lines": None},
    {"rows": ["x"] * 100_000},
    [{"camera": "cam-1", "model": "ppe", "until": "2999-01-01T00:00:00", "assignment": None}],
    [{"camera": "cam-1", "model": "ppe", "until": 1e18}],
    [{"camera": "cam-1", "model": "ppe", "until": "2999-01-01T00:00:00Z", "unknown": "\0"}],
    [{"camera": "cam-1", "model": "ppe", "until": "2999-01-01T00:00:00Z", "assignment": "[[["}],
    [
        {
            "camera": "cam-1",
            "model": "ppe",
            "until": "9999-12-31T23:59:59-14:00",
            "assignment": json.dumps(
                assignment("cam-1", "ppe", created_at="0001-01-01T00:00:00+14:00")
            ),
        }
    ],
    [{"camera": "cam-1", "model": "ppe", "enabled": "perhaps"}],
    {"id": "no id"},
    {"n": 1, "draft": {"id": "../../../etc"}, "cells": [{"camera": "cam-1", "model": "ppe"}]},
    {"n": 1, "draft": {"id": "d" * 32}, "clear": "perhaps"},
    {"n": 1, "draft": {"id": "d" * 32}, "cells": [{"camera": "cam-1", "model": "ppe"}] * 3000},
    {"n": 1, "camera": "cam-1", "model": "ppe", "enabled": "perhaps"},
    {"n": 10**30, "model": "x" * 1000},
    {"do": "save", "draft": {"id": "d" * 32}, "cells": [{"cameras": ["no"], "models": ["no"]}]},
    {"do": "on", "draft": {"id": "d" * 32}, "cells": {"cameras": ["cam-1"], "models": ["ppe"]}},
    {"do": "explode", "draft": {"id": "d" * 32}, "cells": []},
]


def deep(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "prop",
    [
        "url.search",
        "tooltip-request.data",
        "open-request.data",
        "live.data",
        "apply.data",
        "toggles.data",
        "find-cells.data",
        "act.data",
        "panel-save.n_clicks",
    ],
)
def test_arguments_that_make_no_sense_change_nothing_and_break_nothing(
    still: Page, vas: FaultyVas, prop: str, caplog: pytest.LogCaptureFixture
) -> None:
    still.open("cam-1", "ppe")
    for callback in still.callbacks_of(prop):
        places = callback["inputs"] + callback["state"]
        for place, value in itertools.product(range(len(places)), [*GARBAGE, deep(500)]):
            values = [
                {"id": entry["id"], "property": entry["property"], "value": still[_name(entry)]}
                for entry in places
            ]
            values[place]["value"] = value
            inputs = len(callback["inputs"])
            answer = still.post(callback, values[:inputs], values[inputs:], prop)
            assert answer.status_code < 500, (places[place], value, answer.text)
            assert "Traceback" not in answer.text
    calm(caplog)
    assert vas.count("PATCH", "writes") + vas.count("POST", "writes") == 0
    still.refresh("?q=gate")
    assert len(still["grid.data"]) == 3


def _name(entry: dict[str, str]) -> str:
    return f"{entry['id']}.{entry['property']}"


BODIES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"7",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"output": "tooltip-text.data", "outputs": {"id": "tooltip-text", "property": "data"},'
    b' "inputs": [], "state": [], "changedPropIds": []}',
    b'{"output": "grid.data"}',
    b'{"output": "no.such", "outputs": {"id": "no", "property": "such"}, "inputs": []}',
    b'{"output": 7, "outputs": 7, "inputs": 7, "changedPropIds": 7}',
    b'{"output": "tooltip-text.data", "outputs": {"id": "tooltip-text", "property": "data"}}',
    b'{"output": "tooltip-text.data", "outputs": {}, "inputs": [{}], "changedPropIds": ["x"]}',
    b'{"output": "tooltip-text.data", "outputs": {"id": "tooltip-text", "property": "data"},'
    b' "inputs": [{"id": "tooltip-request", "property": "data", "value": 1}],'
    b' "changedPropIds": ["x.y"],'
    b' "state": [1, 2, 3]}',
]


def test_a_request_that_is_no_callback_is_refused_quietly(
    still: Page, caplog: pytest.LogCaptureFixture
) -> None:
    for body in BODIES:
        answer = still.client.post(
            "/ai-models/_dash-update-component", data=body, content_type="application/json"
        )
        assert answer.status_code == 400, (body[:80], answer.text)
        assert "Traceback" not in answer.text
    calm(caplog)
