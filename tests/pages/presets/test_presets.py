"""Presets on the page, over real requests: kept from a cell, filled in, changed, brought along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty_vas import FaultyVas, assignment
from tests.fakes.page import Page, controls, text, walk
from tests.fakes.pages import complete, row, until
from vas_dash import Settings, create_server
from vas_dash.domain.presets import Preset, PresetValues
from vas_dash.journal import Journal

FPS = json.dumps({"type": "panel-field", "name": "fps"})


@pytest.fixture
def journal(patient: Settings) -> Iterator[Journal]:
    """The journal of the page, as another process has it."""
    opened = Journal(patient.db_url)
    yield opened
    opened.close()


def fields(page: Page, **typed: str) -> dict[str, Any]:
    """What stands in the panel's form."""
    shown = controls(page["panel-form.children"])
    form = {name: value for name, value in shown.items() if name.startswith("{")}
    for name, value in typed.items():
        form[json.dumps({"type": "panel-field", "name": name})] = value
    return form


def ask(page: Page, do: str, form: dict[str, Any] | None = None, **named: object) -> str:
    """Press a button of the section; what is said of it."""
    page.props["presets-do.data"] = {"do": do, "draft": page.draft_ref, "n": 1, **named}
    callback = page.callback("presets-do.data")
    page.post(
        callback,
        [page._current(entry) for entry in callback["inputs"]],
        page._states(callback, fields(page) if form is None else form),
        "presets-do.data",
    )
    page.follow()
    return text(page["presets-message.children"])


def keep(page: Page, name: str, **typed: str) -> str:
    return ask(page, "keep", fields(page, **typed), name=name)


def change(page: Page, version: int = 1, **typed: str) -> str:
    """Press "Change it" of the question that is shown."""
    (asked,) = (
        one["props"]
        for one in walk(page["presets-message.children"])
        if one.get("props", {}).get("data-preset") == "change"
    )
    which = {"preset": 1, "version": version, "values": asked["data-values"]}
    return ask(page, "change", fields(page, **typed), **which)


def live(page: Page) -> str:
    return text(page["presets-live.children"])


def buttons(component: Any) -> list[str]:
    """The buttons by what they do, with the preset's number and version."""
    found = [one["props"] for one in walk(component) if one.get("type") == "Button"]
    return [
        " ".join(
            one[f"data-{name}"] for name in ("preset", "number", "version") if f"data-{name}" in one
        )
        for one in found
    ]


def test_what_stands_in_the_form_is_kept_saved_or_not(
    still: Page, vas: FaultyVas, journal: Journal
) -> None:
    still.open("cam-1", "ppe")
    assert live(still) == ""
    assert keep(still, " Standard ", fps="10") == "Kept as Standard."
    (made,) = journal.presets.versions()
    assert (made.model_id, made.name, made.who) == ("ppe", "Standard", "operator")
    assert made.values == PresetValues(10, None, {"threshold": 0.5})
    assert live(still) == "Preset: none"
    still.open("cam-1", "ppe")
    assert keep(still, "As it is") == "Kept as As it is."
    assert live(still) == "Preset: As it is"
    assert vas.count("PATCH", "writes") + vas.count("POST", "writes") == 0


def test_what_is_wrong_in_the_form_is_said_there_and_what_was_typed_stays(
    still: Page, journal: Journal
) -> None:
    still.open("cam-1", "ppe")
    assert keep(still, "Standard", fps="31") == "Not kept: see the fields below."
    assert controls(still["panel-form.children"])[FPS] == "31"
    assert "must be a whole number from 1 to 30" in text(still["panel-form.children"])
    assert "Not kept: a preset's name has 1 to 80" in keep(still, " ", fps="5")
    assert journal.presets.versions() == ()


def test_a_name_that_is_there_is_changed_only_when_asked_again(
    still: Page, journal: Journal
) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    said = keep(still, "STANDARD", fps="10")
    assert "There is a preset Standard already. Change it: fps 5 -> 10?" in said
    assert "in use on 1 camera, which keep what they hold" in said
    assert buttons(still["presets-message.children"]) == ["change 1 1"]
    assert len(journal.presets.versions()) == 1
    said = change(still, fps="15")
    assert "Change it: fps 5 -> 15?" in said  # it was asked about 10
    assert len(journal.presets.versions()) == 1
    keep(still, "Standard", fps="10")
    said = change(still, fps="10")
    assert "Standard is changed." in said
    assert "1 camera has the values it had before." in said
    assert journal.presets.versions()[-1].values.desired_fps == 10
    assert live(still) == "Preset: none. It has what Standard was before."
    assert "has these values already" in keep(still, "Standard", fps="10")


def test_cells_that_followed_are_drafted_and_nothing_is_sent(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    keep(still, "Standard", fps="10")
    change(still, fps="10")
    assert "1 cell drafted." in ask(still, "bring", preset=1)
    still.refresh()
    assert row(still, "cam-1")["d:ppe"] == "\N{BLACK CIRCLE} on 10 fps"
    assert still["draft.data"]["count"] == 1
    assert vas.count("PATCH", "writes") == 0


def test_of_cells_that_followed_those_of_other_locations_are_left_alone(
    patient: Settings, vas: FaultyVas
) -> None:
    vas.put(assignment("cam-10", "ppe", desired_fps=5, parameters={"threshold": 0.5}))
    vas.cameras["cam-10"]["location"] = "Yard"
    settings = Settings.model_validate(
        patient.model_dump()
        | {
            "refresh_s": 3600,
            "auth": "proxy",
            "proxy_addresses": "127.0.0.1",
            "proxy_locations_header": "X-Locations",
        }
    )
    client = create_server(settings).test_client()
    client.environ_base |= {"HTTP_X_FORWARDED_USER": "kim", "HTTP_X_LOCATIONS": "Yard"}
    page = Page(client)
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    keep(page, "Standard")
    keep(page, "Standard", fps="10")
    change(page, fps="10")
    said = ask(page, "bring", preset=1)
    assert "1 cell drafted." in said
    assert "1 camera with earlier values: not one of your locations." in said
    page.refresh()
    assert page["draft.data"]["count"] == 1
    assert page["draft.data"]["blocked"] == 0


def test_the_panel_of_a_model_lists_renames_and_removes(still: Page, journal: Journal) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    keep(still, "Night", fps="1")
    still.open("", "ppe", kind="model")
    said = live(still)
    assert "Night  1 fps" in said
    assert 'Standard  5 fps, parameters {"threshold": 0.5}' in said
    assert said.index("Night") < said.index("Standard")
    assert "in use on 1 camera; changed by operator, " in said
    assert buttons(still["presets-live.children"])[:2] == ["rename 2 1", "remove 2 1"]
    ask(still, "rename", {}, preset=2, version=1)
    assert controls(still["presets-form.children"])["presets-name"] == "Night"
    said = ask(still, "renamed", {}, preset=2, version=1, name="standard")
    assert said.startswith('Not kept: there is a preset "Standard" of this model already')
    assert controls(still["presets-form.children"])["presets-name"] == "standard"
    assert (
        ask(still, "renamed", {}, preset=2, version=1, name="Dark") == "Night is now called Dark."
    )
    ask(still, "remove", {}, preset=2, version=2)
    assert "Remove Dark? Cameras keep what they hold." in text(still["presets-form.children"])
    assert ask(still, "removed", {}, preset=2, version=2) == "Dark is removed."
    assert "Dark" not in live(still)
    assert "not there any more" in ask(still, "renamed", {}, preset=2, version=3, name="x")
    assert len(journal.presets.versions()) == 4


def test_of_two_operators_the_second_is_told_and_can_decide_again(
    still: Page, journal: Journal
) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    (seen,) = journal.presets.versions()
    keep(still, "Standard", fps="10")
    newer = Preset(1, 2, "ppe", "Standard", PresetValues(3), "lee", seen.changed_at)
    journal.presets.add(lambda _: [newer])
    said = change(still, fps="10")
    assert 'Not kept: "Standard" was changed by lee meanwhile.' in said
    assert "fps 3 -> 10" in said
    assert buttons(still["presets-message.children"]) == ["change 1 2"]
    said = ask(still, "renamed", {}, preset=1, version=1, name="Day")
    assert "changed by lee meanwhile" in said
    assert buttons(still["presets-form.children"])[0] == "renamed 1 2"
    assert controls(still["presets-form.children"])["presets-name"] == "Day"
    assert (
        ask(still, "renamed", {}, preset=1, version=2, name="Day") == "Standard is now called Day."
    )


def test_a_preset_fills_the_form_and_is_sent_by_save_alone(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard", fps="10")
    still.open("cam-2", "ppe")
    ask(still, "open")
    assert "presets-fill" in controls(still["presets-form.children"])
    ask(still, "fill", preset=1)
    assert text(still["panel-message.children"]) == (
        "Filled in from Standard. Nothing is sent before you save."
    )
    shown = controls(still["panel-form.children"])
    assert shown[FPS] == "10"
    assert shown[json.dumps({"type": "panel-field", "name": "intent"})] == "off"
    assert vas.count("PATCH", "writes") == 0
    assert still.save().startswith("Saved.")
    stored = vas.cell("cam-2", "ppe")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (False, 10)
    assert stored["parameters"] == {"threshold": 0.5}
    still.follow()
    assert live(still) == "Preset: Standard"


def test_what_a_preset_does_not_have_leaves_the_cell(page: Page, vas: FaultyVas) -> None:
    page.open("cam-1", "ppe")
    keep(page, "Standard")
    (found,) = (one for one in vas.assignments.values() if not one["enabled"])
    found["parameters"] = {"vendor": 1, "classes": ["x"]}
    until(page, lambda: "vendor" in page.tooltip("cam-2", "ppe"))
    page.open("cam-2", "ppe")
    ask(page, "fill", preset=1)
    assert page.save().startswith("Saved.")
    stored = vas.cell("cam-2", "ppe")
    assert stored is not None
    assert stored["parameters"] == {"threshold": 0.5}


def test_an_unassigned_cell_is_filled_in_to_be_on(still: Page, vas: FaultyVas) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    still.open("cam-10", "ppe")
    ask(still, "fill", preset=1)
    assert still.save(fps="7").startswith("Saved.")
    stored = vas.cell("cam-10", "ppe")
    assert stored is not None
    assert (stored["enabled"], stored["desired_fps"]) == (True, 7)
    assert stored["parameters"] == {"threshold": 0.5}


def test_a_preset_that_was_filled_in_is_held_against_what_the_cell_was(
    still: Page, vas: FaultyVas
) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard", fps="10")
    ask(still, "fill", preset=1)
    (found,) = (one for one in vas.assignments.values() if one["camera_id"] == "cam-1")
    found["priority"] = 77
    found["updated_at"] = "2026-11-22T12:00:00Z"
    assert "the cell was changed elsewhere" in still.save()
    assert controls(still["panel-form.children"])[FPS] == "10"


def test_a_model_that_is_not_for_new_assignments_fills_nothing_in(still: Page) -> None:
    still.open("cam-2", "old")
    keep(still, "Standard")
    assert "presets-fill" in controls(still["presets-form.children"])
    still.open("cam-1", "old")
    ask(still, "open")
    assert "presets-fill" not in controls(still["presets-form.children"])


# The selection.


PPE = {"cam-1": ["ppe"], "cam-2": ["ppe"], "cam-10": ["ppe"]}


def test_a_preset_turns_the_selected_cells_on_in_one_step(still: Page) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard", fps="10")
    still.act("preset", PPE)
    shown = text(still["bulk-form.children"])
    assert "Fps, priority and parameters become those of the preset." in shown
    labels = [
        option["label"]
        for one in walk(still["bulk-form.children"])
        for option in one.get("props", {}).get("options", [])
    ]
    assert labels == [
        "Standard (10 fps, 1 parameter)",
        "Turn on those that are not (1 off, 1 not assigned)",
        "Leave on and off as they are, and the rest not assigned",
    ]
    assert still.act("save", PPE).startswith("3 cells drafted.")
    still.refresh()
    assert [row(still, camera)["d:ppe"] for camera in PPE] == [
        "\N{BLACK CIRCLE} on 10 fps",
        "\N{BLACK CIRCLE} on 10 fps, parameters",
        "\N{BLACK CIRCLE} on 10 fps, parameters",
    ]


def test_on_and_off_can_be_left_as_they_are(still: Page) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard", fps="10")
    still.act("preset", PPE)
    said = still.act("save", PPE, **{"preset-turn": "leave"})
    assert said.startswith("2 cells drafted.")
    still.refresh()
    assert row(still, "cam-2")["d:ppe"] == "\N{WHITE CIRCLE} off 10 fps, parameters"
    assert "d:ppe" not in row(still, "cam-10")
    # What is drafted to be assigned is assigned with the preset.
    still.draft(("cam-10", "ppe", True))
    still.act("preset", PPE)
    still.act("save", PPE, **{"preset-turn": "leave"})
    still.refresh()
    assert row(still, "cam-10")["d:ppe"] == "\N{BLACK CIRCLE} on 10 fps, parameters"


def test_of_several_models_a_preset_changes_its_own(still: Page) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard", fps="10")
    keep(still, "Night", fps="1")
    cells = {"cam-1": ["ppe", "fire"]}
    still.act("preset", cells)
    shown = text(still["bulk-form.children"])
    assert "it changes those of its own model" in shown
    said = still.act("save", cells)
    assert "see the field above" in said
    assert "choose one" in text(still["bulk-form.children"])
    assert still.act("save", cells, preset="1") == "1 cell drafted."
    assert "No preset of these models yet" in still.act("preset", {"cam-1": ["fire"]})


def test_a_preset_that_was_removed_meanwhile_is_not_applied(still: Page, journal: Journal) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard", fps="10")
    still.act("preset", PPE)
    (made,) = journal.presets.versions()
    gone = Preset(1, 2, "ppe", "Standard", made.values, "lee", made.changed_at, removed=True)
    journal.presets.add(lambda _: [gone])
    assert "No preset of these models yet" in still.act("save", PPE)
    assert still["draft.data"] is None


# Who may not, and without a journal.


def test_without_a_journal_the_panel_says_so_and_goes_on(patient: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = patient.model_copy(
        update={"db_url": f"sqlite:///{tmp_path}/file/journal.db", "refresh_s": 3600}
    )
    page = Page(create_server(broken).test_client())
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    assert live(page).startswith("Presets: the journal cannot be read")
    assert controls(page["panel-form.children"])[FPS] == "5"
    assert ask(page, "open") == ""
    assert keep(page, "Standard").startswith("Nothing was done: the journal cannot be")
    assert "Nothing was drafted: the journal cannot be" in page.act("preset", PPE)


def test_a_viewer_sees_presets_and_keeps_none(
    still: Page, patient: Settings, journal: Journal
) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    viewing = patient.model_copy(update={"read_only": True, "refresh_s": 3600})
    page = Page(create_server(viewing).test_client())
    until(page, lambda: complete(page))
    page.open("cam-1", "ppe")
    assert live(page) == "Preset: Standard"
    assert "Nothing was done: a viewer may look" in keep(page, "Mine")
    assert "Nothing was done: a viewer may look" in ask(page, "removed", preset=1, version=1)
    assert len(journal.presets.versions()) == 1


@pytest.mark.parametrize(
    "what",
    [
        None,
        {},
        {"do": "drop", "draft": {"id": "d"}, "n": 1},
        {"do": "removed", "preset": -1, "draft": {"id": "d"}, "n": 1},
        {"do": "keep", "name": "x" * 3000, "draft": {"id": "d"}, "n": 1},
        {"do": "change", "preset": 1, "version": 99, "draft": {"id": "d"}, "n": 1},
    ],
)
def test_what_no_page_of_ours_sends_changes_nothing(
    what: object, still: Page, journal: Journal
) -> None:
    still.open("cam-1", "ppe")
    keep(still, "Standard")
    still.props["presets-do.data"] = what
    callback = still.callback("presets-do.data")
    still.post(
        callback,
        [still._current(entry) for entry in callback["inputs"]],
        still._states(callback, fields(still)),
        "presets-do.data",
    )
    assert still.last is not None
    assert still.last.status_code == 204
    assert len(journal.presets.versions()) == 1
