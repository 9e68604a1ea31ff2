"""A browser's side of the page, without a browser: real requests, and the answers put together.

It keeps the properties of components, so that a test can say what was clicked and look at what the
server answered. What the page's scripts make of that is for a browser to test::

    page = Page(create_server(settings).test_client(), "/ai-models/")
    page.refresh()
    page["grid.data"], page.line("status")
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.test import Client, TestResponse

Value = Any

_EMPTY: dict[str, Any] = {
    "url.search": "",
    "changed.data": 0,
    "recent.data": [],
    "rendered.data": {"default_page_size": 50},
}


class Page:
    """One open page.

    `last` is the newest answer, `sent` the components that it changed, `received` all answers.
    """

    def __init__(self, client: Client, prefix: str = "/ai-models/") -> None:
        self.client = client
        self.prefix = prefix
        self.props: dict[str, Value] = dict(_EMPTY)
        self.last: TestResponse | None = None
        self.sent: dict[str, Any] = {}
        self.received: list[str] = []
        self.callbacks: list[dict[str, Any]] = client.get(f"{prefix}_dash-dependencies").get_json()

    def __getitem__(self, prop: str) -> Value:
        return self.props.get(prop)

    # What a browser does.

    def poll(self) -> int:
        """Ask whether there is something to draw, as the clock does; the status of the answer."""
        rendered = self["rendered.data"]
        shown = {
            "search": self["url.search"],
            "recent": self["recent.data"],
            "draft": self["draft.data"],
            "digest": rendered.get("digest", ""),
            "taken_ms": rendered.get("taken_ms", 0),
            "taken_by": rendered.get("taken_by", ""),
        }
        answer = self.client.post(f"{self.prefix}poll", json=shown)
        assert answer.data == b""
        return answer.status_code

    def refresh(self, search: str | None = None) -> None:
        """Ask for the grid: after a look that found something, or with another address."""
        if search is not None:
            self.props["url.search"] = search
        self.props["changed.data"] += 1
        self.fire("url.search" if search is not None else "changed.data")

    def line(self, place: str) -> str:
        """The line of text that the newest grid came with for a place on the page."""
        line: str = self["rendered.data"]["texts"][place]
        return line

    def tooltip(self, camera: str, model: str, kind: str = "cell") -> str:
        """The tooltip of a cell."""
        self.set("tooltip-request.data", {"kind": kind, "camera": camera, "model": model, "n": 1})
        return str(self["tooltip-text.data"]["text"])

    def open(self, camera: str, model: str, kind: str = "cell") -> None:
        """Open the side panel, and let the live part of it follow."""
        self.set("open-request.data", {"kind": kind, "camera": camera, "model": model, "n": 1})
        self.follow()

    def follow(self) -> None:
        """What the browser asks after each refresh while a panel is open."""
        self.set("live.data", {**self["opened.data"], "n": 2})

    def draft(self, *cells: tuple[str, str, bool | None], clear: bool = False) -> dict[str, Any]:
        """Have cells kept in the draft; None: what is drafted of them is thrown away."""
        self.set(
            "toggles.data",
            {
                "draft": self.draft_ref,
                "n": 1,
                "clear": clear,
                "cells": [
                    {"camera": camera, "model": model, "enabled": enabled}
                    for camera, model, enabled in cells
                ],
            },
        )
        answer: dict[str, Any] = self["kept.data"]
        return answer

    def apply(self, camera: str, model: str, enabled: bool) -> str:
        """Apply one cell at once; what is said of it. What was learned is remembered."""
        self.set("apply.data", {"camera": camera, "model": model, "enabled": enabled, "n": 1})
        self._learn([self["applied.data"]["learned"]])
        return text(self["draft-message.children"])

    def act(
        self, do: str, cells: Mapping[str, Sequence[str]], source: str = "", **fields: Any
    ) -> str:
        """Do something with the selected models of cameras; what is said of it.

        `cells` are the models by camera; `fields` stand for what is typed into the open form, by
        name, and `how_` with a name for what is chosen.
        """
        self._ask_of_selected("act.data", do, cells, source, fields)
        return text(self["bulk-message.children"])

    def reshape(self, cells: Mapping[str, Sequence[str]], **fields: Any) -> None:
        """Draw the form of the selected cells again; `fields` as in `act`."""
        self._ask_of_selected("bulk-reshape.data", "edit", cells, "", fields)

    def _ask_of_selected(
        self,
        ask: str,
        do: str,
        cells: Mapping[str, Sequence[str]],
        source: str,
        fields: Mapping[str, Any],
    ) -> None:
        callback = self.callback(ask)
        self.props[ask] = {
            "do": do,
            "draft": self.draft_ref,
            "cells": [{"cameras": [one], "models": list(of)} for one, of in cells.items()],
            "camera": source,
            "n": 1,
        }
        form = {
            name: value
            for name, value in controls(self["bulk-form.children"]).items()
            if name.startswith("{")
        }
        for name, value in fields.items():
            kind = "bulk-how" if name.startswith("how_") else "bulk-value"
            form[json.dumps({"type": kind, "name": name.removeprefix("how_")})] = value
        self.post(
            callback,
            [self._current(entry) for entry in callback["inputs"]],
            self._states(callback, form),
            ask,
        )

    @property
    def draft_ref(self) -> dict[str, Any]:
        """Which draft the page works on."""
        return self["draft.data"] or {"id": "d" * 32}

    def save(self, choice: str | None = None, **typed: str) -> str:
        """Press Save, or a button of a conflict; returns the message above the button.

        `typed` are `intent`, `fps` and `priority`; what else stands in the form is taken from it.
        """
        fields = {
            name: value
            for name, value in controls(self["panel-form.children"]).items()
            if name.startswith("{")
        }
        for name, value in typed.items():
            fields[json.dumps({"type": "panel-field", "name": name})] = value
        self.save_fields(fields, choice)
        return text(self["panel-message.children"])

    def save_fields(self, fields: Mapping[str, Value], choice: str | None = None) -> None:
        """Press Save with these fields, by their ids."""
        buttons = controls(self["panel-message.children"], "n_clicks")
        clicks = {json.loads(name)["choice"]: name for name in buttons if "panel-choice" in name}
        trigger = "panel-save.n_clicks"
        if choice is not None:
            trigger = _dash_id(json.loads(clicks[choice])) + ".n_clicks"
        every: dict[str, Value] = {
            name: 1 if key == choice else None for key, name in clicks.items()
        }
        callback = self.callback("panel-save.n_clicks")
        inputs = [
            {"id": "panel-save", "property": "n_clicks", "value": None if choice else 1},
            [
                {"id": json.loads(name), "property": "n_clicks", "value": value}
                for name, value in every.items()
            ],
        ]
        self.post(callback, inputs, self._states(callback, fields), trigger)
        result = self["panel-result.data"] or {}
        self._learn(result.get("learned") or [])

    def _states(self, callback: Mapping[str, Any], fields: Mapping[str, Value]) -> list[Any]:
        """The states of a callback, those of a form's fields by their ids."""
        states: list[Any] = []
        for state in callback["state"]:
            if not state["id"].startswith("{"):
                states.append(self._current(state))
                continue
            kind = json.loads(state["id"])["type"]
            ids = [json.loads(name) for name in fields if json.loads(name)["type"] == kind]
            values = [fields[name] for name in fields if json.loads(name)["type"] == kind]
            states.append(
                [
                    {
                        "id": one,
                        "property": state["property"],
                        "value": one if state["property"] == "id" else value,
                    }
                    for one, value in zip(ids, values, strict=True)
                ]
            )
        return states

    def set(self, prop: str, value: Value) -> None:
        """Set a property, and fire the callback that looks at it."""
        self.props[prop] = value
        self.fire(prop)

    def _learn(self, entries: Sequence[dict[str, Any] | None]) -> None:
        self.props["recent.data"] = [*self["recent.data"], *filter(None, entries)]

    # How it is sent.

    def callback(self, prop: str) -> dict[str, Any]:
        """The server's only callback that has `prop` among its inputs."""
        (callback,) = self.callbacks_of(prop)
        return callback

    def callbacks_of(self, prop: str) -> list[dict[str, Any]]:
        """The server's callbacks that have `prop` among their inputs."""
        return [
            one
            for one in self.callbacks
            if not one["clientside_function"]
            and any(f"{entry['id']}.{entry['property']}" == prop for entry in one["inputs"])
        ]

    def fire(self, prop: str) -> None:
        """Run each callback that looks at `prop`, with the properties as they stand."""
        callbacks = self.callbacks_of(prop)
        assert callbacks, prop
        for callback in callbacks:
            self.post(
                callback,
                [self._current(entry) for entry in callback["inputs"]],
                [self._current(entry) for entry in callback["state"]],
                prop,
            )

    def _current(self, entry: Mapping[str, str]) -> dict[str, Any]:
        value = self.props.get(f"{entry['id']}.{entry['property']}")
        return {"id": entry["id"], "property": entry["property"], "value": value}

    def post(
        self, callback: Mapping[str, Any], inputs: list[Any], states: list[Any], trigger: str
    ) -> TestResponse:
        """Send one callback and put its answer into the page."""
        self.sent = {}
        self.last = self.client.post(
            f"{self.prefix}_dash-update-component",
            json={
                "output": callback["output"],
                "outputs": outputs(callback["output"]),
                "inputs": inputs,
                "state": states,
                "changedPropIds": [trigger],
            },
        )
        self.received.append(self.last.text)
        if self.last.status_code == 200:
            self.sent = self.last.get_json()["response"]
            for component, props in self.sent.items():
                for name, value in props.items():
                    self._take(f"{component}.{name}", value)
        return self.last

    def _take(self, prop: str, value: Value) -> None:
        if isinstance(value, dict) and value.get("__dash_patch_update"):
            rows = list(self.props[prop])
            for operation in value["operations"]:
                assert operation["operation"] == "Assign"
                (position,) = operation["location"]
                rows[position] = operation["params"]["value"]
            value = rows
        self.props[prop] = value


def outputs(spec: str) -> Any:
    """The outputs of a callback, as a browser names them."""
    if not spec.startswith(".."):
        return _output(spec)
    return [_output(part) for part in spec.strip(".").split("...")]


def _output(part: str) -> dict[str, str]:
    component, _, name = part.rpartition(".")
    return {"id": component, "property": name}


def _dash_id(identity: Mapping[str, str]) -> str:
    return json.dumps(identity, sort_keys=True, separators=(",", ":"))


def walk(component: Any) -> Any:
    """Every component below, as the dicts that stand in an answer."""
    if isinstance(component, list):
        for one in component:
            yield from walk(one)
    elif isinstance(component, dict):
        yield component
        yield from walk(component.get("props", {}).get("children"))


def controls(component: Any, prop: str = "value") -> dict[str, Value]:
    """What stands in each component that has an id: by its id (as JSON where it is a dict)."""
    found = {}
    for one in walk(component):
        props = one.get("props", {})
        if "id" in props:
            identity = props["id"]
            key = identity if isinstance(identity, str) else json.dumps(identity)
            found[key] = props.get(prop)
    return found


def text(component: Any) -> str:
    """All the text of a component, joined by blanks."""
    if isinstance(component, str):
        return component
    if isinstance(component, list):
        return " ".join(filter(None, map(text, component)))
    if isinstance(component, dict):
        return text(component.get("props", {}).get("children"))
    return ""
