"""Component trees as JSON: what the browser is told to draw."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from dash.development.base_component import Component

from tests.fakes.page import text, walk
from tests.fleet.fleets import assigned, camera, snapshot, view
from vas_dash import Operator, Role, Settings, create_server
from vas_dash.domain.entities import AiModel, CellKey
from vas_dash.fleet.query import GridQuery
from vas_dash.pages import ids, layout
from vas_dash.pages.grid import view as grid
from vas_dash.pages.grid.model import FleetGrid, change_token
from vas_dash.pages.panel import view as panel
from vas_dash.pages.panel.model import IntentText, camera_card, cell_now, model_card
from vas_dash.pages.parts import message

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "assets").glob("*.js")}

PPE = AiModel("ppe", "Protective gear", config_schema={"type": "object"})
FIRE = AiModel("fire", "Fire")
DOCK = camera("Dock", "Yard")
ON = assigned("Dock", "ppe", desired_fps=5)
FLEET = FleetGrid(snapshot([DOCK, camera("Gate")], [PPE, FIRE], [ON]))


def tree(component: Component | list[Component]) -> Any:
    """The components as a browser gets them."""
    return json.loads(json.dumps(component, default=lambda one: one.to_plotly_json()))


def opened(page: Any) -> Any:
    """The page with everything in its place that is put there when it is opened."""
    by_id = {one["props"].get("id"): one["props"] for one in walk(page)}
    for name, children in by_id[ids.VIEW_PARTS].pop("data").items():
        by_id[name]["children"] = children
    return page


KIM = Operator("kim", Role.ADMIN)
PAGE = opened(tree(layout.page(Settings(), KIM)))


def props(component: Any) -> dict[str, Any]:
    found: dict[str, Any] = component["props"]
    return found


def kinds(component: Any, kind: str) -> list[dict[str, Any]]:
    """The properties of every component of a kind."""
    return [props(one) for one in walk(component) if one.get("type") == kind]


def identities() -> list[str]:
    return [props(one)["id"] for one in walk(PAGE) if "id" in one.get("props", {})]


def constants() -> dict[str, str]:
    return {name: value for name, value in vars(ids).items() if name.isupper()}


# The layout.


def test_no_two_components_have_one_id() -> None:
    assert [one for one, count in Counter(identities()).items() if count > 1] == []
    assert len(set(constants().values())) == len(constants())


def test_every_id_is_named_in_one_place_or_belongs_to_the_scripts() -> None:
    for identity in set(identities()) - set(constants().values()):
        assert any(identity in script for script in SCRIPTS.values()), identity


MADE_WHEN_NEEDED = {
    *(ids.PANEL_FIELD, ids.PANEL_CHOICE, ids.PRESETS_FILL, ids.PRESETS_NAME),
    *(ids.BULK_HOW, ids.BULK_VALUE, ids.BULK_CAMERAS),
}


def test_every_id_that_is_named_stands_on_the_page() -> None:
    assert set(constants().values()) - MADE_WHEN_NEEDED <= set(identities())


def test_the_scripts_speak_of_no_component_that_is_not_there() -> None:
    spoken = {
        identity
        for script in SCRIPTS.values()
        for identity in re.findall(
            r"""(?:getElementById|vas\.props|vas\.set)\(\s*"([\w-]+)\"""", script
        )
    }
    assert len(spoken) > 10
    assert spoken - MADE_WHEN_NEEDED <= set(identities())


def test_the_scripts_provide_every_function_that_a_callback_names() -> None:
    client = create_server(Settings()).test_client()
    known = client.get("/ai-models/_dash-dependencies").get_json()
    named = [one["clientside_function"] for one in known if one["clientside_function"]]
    ours = [one for one in named if one["namespace"].startswith("vas_")]
    assert len(ours) > 5
    for namespace, function in ((one["namespace"], one["function_name"]) for one in ours):
        (script,) = (one for one in SCRIPTS.values() if f'vas.provide("{namespace}"' in one)
        provided = script.split(f'vas.provide("{namespace}"', 1)[1]
        assert re.search(rf"\b{function}\b\s*:", provided), (namespace, function)


def test_views_and_dialogs_are_empty_until_they_are_opened() -> None:
    page = tree(layout.page(Settings(), KIM))
    there = {one["props"].get("id") for one in walk(page)}
    assert ids.VIEW_REVIEW in there
    assert not there & {ids.REVIEW_LIST, ids.HISTORY_BODY, ids.FILES_UPLOAD, ids.KEYS_TITLE}
    assert len(kinds(page, "DataTable")) == 1


def test_the_settings_stand_in_the_layout() -> None:
    page = tree(layout.page(Settings(poll_s=1.5, page_size=100), KIM))
    (clock,) = (one for one in kinds(page, "Store") if one["id"] == ids.POLL_MS)
    assert clock["data"] == 1500
    (rendered,) = (one for one in kinds(page, "Store") if one["id"] == ids.RENDERED)
    assert rendered["data"] == {"default_page_size": 100}


def test_every_control_of_the_page_has_a_name() -> None:
    labels = {one["htmlFor"] for one in kinds(PAGE, "Label") if "htmlFor" in one}
    for one in kinds(PAGE, "Input") + kinds(PAGE, "Select"):
        assert one["id"] in labels, one["id"]
    for button in kinds(PAGE, "Button"):
        assert button.get("aria-label") or text(button["children"])
    legends = [text(one["children"]) for one in kinds(PAGE, "Legend")]
    assert len(legends) == len(kinds(PAGE, "Fieldset"))


def test_quiet_lines_are_told_to_a_screen_reader_politely() -> None:
    live = {one["props"].get("id") for one in walk(PAGE) if one["props"].get("aria-live")}
    assert {ids.FLEET_ERROR, ids.COUNTS, ids.PANEL_MESSAGE, ids.DRAFT_MESSAGE} <= live
    assert not any(one["props"].get("aria-live") == "assertive" for one in walk(PAGE))


def test_the_page_holds_nothing_of_any_fleet() -> None:
    assert opened(tree(layout.page(Settings(api_url="http://vas.example:1"), KIM))) == PAGE
    assert "vas.example" not in json.dumps(PAGE)


def test_the_page_has_no_pop_ups_and_says_of_no_model_that_it_runs() -> None:
    drawn = {one["type"] for one in walk(PAGE)}
    assert not drawn & {"Modal", "Toast", "Alert", "ConfirmDialog"}
    assert not re.search(r"\brun(s|ning)?\b", text(PAGE), re.I)


# The grid.


def test_the_table_leaves_order_and_paging_to_the_server() -> None:
    (table,) = kinds(tree(grid.table(ids.GRID)), "DataTable")
    assert table["sort_action"] == "custom"
    assert table["page_action"] == "none"
    # Columns or rows that are fixed by the table cost seconds; a style sheet does it for nothing.
    assert not {"fixed_rows", "fixed_columns", "editable", "dropdown"} & set(table)


def test_rows_carry_the_id_of_their_camera() -> None:
    page = view(FLEET)
    rows = orjson.loads(orjson.dumps(grid.table_data(page)))
    assert [row["id"] for row in rows] == ["id-Dock", "id-Gate"]
    assert grid.table_columns(page.columns)[0] == {"id": "camera", "name": "Camera"}


def test_a_patch_names_the_rows_that_changed() -> None:
    page = view(FLEET)
    patch = grid.table_patch(page.rows, [1]).to_plotly_json()
    (operation,) = patch["operations"]
    assert operation["operation"] == "Assign"
    assert operation["location"] == [1]
    sent = orjson.loads(orjson.dumps(operation["params"]))
    assert sent == {"value": orjson.loads(page.rows[1].compact)}


def test_the_arrow_follows_the_order() -> None:
    columns = view(FLEET).columns
    assert grid.table_sort(GridQuery(), columns) == [{"column_id": "camera", "direction": "asc"}]
    last = columns[-1].id
    assert grid.table_sort(GridQuery(sort=last, descending=True), columns) == [
        {"column_id": f"m{len(columns) - 4}", "direction": "desc"}
    ]


# A cell.


def test_a_cell_leads_to_its_camera_and_its_model() -> None:
    now = cell_now(FLEET, DOCK.id, "ppe", change_token(ON))
    drawn = tree(panel.cell_now(now, DOCK, PPE))
    opened = [
        (one["data-open"], one["data-camera"], one["data-model"]) for one in kinds(drawn, "Button")
    ]
    assert opened == [("camera", "id-Dock", ""), ("model", "", "ppe")]
    assert props(drawn[0])["data-state"] == "on"
    assert "Changed elsewhere" not in text(drawn)


def test_a_cell_that_moved_says_so() -> None:
    drawn = tree(panel.cell_now(cell_now(FLEET, DOCK.id, "ppe", ""), DOCK, PPE))
    assert "Changed elsewhere since this was opened." in text(drawn)


def form(errors: dict[str, str], *, open_for_new: bool = True, intent: str = "on") -> Any:
    return tree(panel.intent_form(IntentText(intent, "5", ""), errors, open_for_new=open_for_new))


def test_the_form_has_its_texts_and_no_messages() -> None:
    drawn = form({})
    (choice,) = kinds(drawn, "RadioItems")
    assert choice["value"] == "on"
    assert [one["value"] for one in choice["options"]] == ["on", "off", "unassigned"]
    assert not any(one["disabled"] for one in choice["options"])
    fields = {one["id"]["name"]: one for one in kinds(drawn, "Input")}
    assert {name: one["value"] for name, one in fields.items()} == {"fps": "5", "priority": ""}
    # A number input would send nothing at all for what it does not like.
    assert {one["type"] for one in fields.values()} == {"text"}
    assert not any(one["invalid"] for one in fields.values())


def test_a_message_stands_at_its_field() -> None:
    drawn = form({"fps": "must be a whole number from 1 to 30, or blank"})
    labels = {text(one["children"]): one for one in kinds(drawn, "Label")}
    (fps,) = (label for label in labels if label.startswith("Desired fps"))
    assert fps.endswith("must be a whole number from 1 to 30, or blank")
    assert {one["id"]["name"]: one["invalid"] for one in kinds(drawn, "Input")} == {
        "fps": True,
        "priority": False,
    }


@pytest.mark.parametrize(("intent", "closed"), [("unassigned", True), ("on", False)])
def test_a_closed_model_offers_no_new_assignment(intent: str, closed: bool) -> None:
    drawn = form({}, open_for_new=False, intent=intent)
    (choice,) = kinds(drawn, "RadioItems")
    disabled = {one["value"]: one["disabled"] for one in choice["options"]}
    assert disabled == {"on": closed, "off": closed, "unassigned": False}
    assert "not for new assignments" in text(drawn)


def test_a_conflict_shows_both_and_offers_a_choice() -> None:
    drawn = tree(panel.conflict_message(["on, 7 fps"], ["off"], after_write=False))
    assert "Not saved: the cell was changed elsewhere" in text(drawn)
    assert "In the VAS now on, 7 fps Yours off" in text(drawn)
    assert [one["id"] for one in kinds(drawn, "Button")] == [
        {"type": ids.PANEL_CHOICE, "choice": "mine"},
        {"type": ids.PANEL_CHOICE, "choice": "theirs"},
    ]


def test_a_change_over_a_stored_one_is_not_called_not_saved() -> None:
    drawn = tree(panel.conflict_message(["on, 7 fps"], ["off"], after_write=True))
    assert text(drawn).startswith("Yours was stored, and then changed elsewhere.")


def test_a_message_tells_an_error_from_success() -> None:
    assert props(tree(message("Saved.")))["className"] == "vd-ok"
    assert props(tree(message("No.", error=True)))["className"] == "vd-error"


# A camera and a model.


def test_a_cameras_list_opens_each_cell() -> None:
    drawn = tree(panel.camera_card(camera_card(FLEET, DOCK)))
    assert [
        (one["data-open"], one["data-camera"], one["data-model"], one["data-state"])
        for one in kinds(drawn, "Button")
    ] == [("cell", "id-Dock", "fire", "unassigned"), ("cell", "id-Dock", "ppe", "on")]
    assert "Models: 1 on" in text(drawn)
    assert "Location Yard Id id-Dock" in text(drawn)


def test_a_models_card_has_its_schema_and_a_list_for_each_state() -> None:
    drawn = tree(panel.model_card(model_card(FLEET, PPE), "ppe", 50))
    assert '"type": "object"' in text(drawn)
    links = [one["data-search"] for one in kinds(drawn, "A")]
    assert links == ["?state=on&of=ppe", "?state=unassigned&of=ppe"]
    assert {"0 off", "0 unknown"} <= {text(one) for one in walk(drawn) if one["type"] == "P"}


def test_a_model_without_schema_says_so() -> None:
    drawn = tree(panel.model_card(model_card(FLEET, FIRE), "fire", 50))
    assert "No schema for the parameters." in text(drawn)


def test_a_models_link_keeps_to_the_page_size_of_the_settings() -> None:
    drawn = tree(panel.model_card(model_card(FLEET, PPE), "ppe", 100))
    assert kinds(drawn, "A")[0]["data-search"] == "?state=on&of=ppe"


def test_an_unknown_cell_is_drawn_as_unknown() -> None:
    doubted = FleetGrid(FLEET.snapshot.with_unknown({CellKey(DOCK.id, "ppe"): "not confirmed"}))
    drawn = tree(panel.cell_now(cell_now(doubted, DOCK.id, "ppe", ""), DOCK, PPE))
    assert props(drawn[0])["data-state"] == "unknown"
    assert text(drawn).startswith("unknown: not confirmed last seen ")
    drawn = tree(panel.model_card(model_card(doubted, PPE), "ppe", 50))
    assert "1 unknown" in text(drawn)
