from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.fakes.faulty_vas import RTSP_PASSWORD, assignment, camera, model
from vas_dash.backend import wire
from vas_dash.domain.entities import CellIntent, CellKey
from vas_dash.errors import BadAnswerError, FieldProblem, RejectedError, ServerFaultError

KEY = CellKey("camera-1", "ppe")


def encoded(answer: Any) -> bytes:
    return json.dumps(answer).encode()


def page(*rows: Any) -> bytes:
    return encoded({"assignments": rows, "total": len(rows), "limit": 100, "offset": 0})


def test_a_camera_is_read_without_its_address() -> None:
    rows = wire.cameras(encoded([camera(1, id="c-1", location="Hall 1")]))
    (found,) = rows.items
    assert (found.id, found.name, found.location) == ("c-1", "Camera 1", "Hall 1")
    assert RTSP_PASSWORD not in repr(rows)
    assert not hasattr(found, "rtsp_url")


def test_a_camera_may_have_no_description_or_location() -> None:
    (found,) = wire.cameras(encoded([{"id": "c-1", "name": "Gate"}])).items
    assert (found.description, found.location) == (None, None)


def test_a_model_is_read_with_its_schema() -> None:
    schema = {"type": "object", "properties": {"threshold": {"type": "number"}}}
    row = model(
        "ppe", config_schema=schema, supported_tasks=["detection", "counting"], enabled=False
    )
    rows = wire.models(encoded({"models": [row], "total": 1}))
    (found,) = rows.items
    assert found.config_schema == schema
    assert found.supported_tasks == ("detection", "counting")
    assert (found.enabled, found.registered, rows.total) == (False, True, 1)


def test_an_assignment_is_read_whole() -> None:
    row = assignment(
        "camera-1",
        "ppe",
        enabled=False,
        desired_fps=5,
        priority=0,
        parameters={"a": [1, {"b": None}]},
        updated_at="2026-11-23T00:00:00Z",
    )
    (found,) = wire.assignments(page(row)).items
    assert found.key == KEY
    assert found.intent == CellIntent(False, 5, 0, {"a": [1, {"b": None}]})
    assert found.created_at == datetime(2026, 11, 22, 15, 36, 17, 61916, UTC)
    assert found.since == datetime(2026, 11, 23, tzinfo=UTC)


def test_unknown_fields_are_passed_by() -> None:
    assert len(wire.assignments(page(assignment("c", "m", color="red"))).items) == 1
    assert len(wire.cameras(encoded([camera(1, color="red")])).items) == 1
    (found,) = wire.models(encoded({"models": [model("m", registered=False)], "total": 1})).items
    assert found.registered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T15:36:17", datetime(2026, 11, 22, 15, 36, 17, tzinfo=UTC)),
        ("2026-11-22T15:36:17Z", datetime(2026, 11, 22, 15, 36, 17, tzinfo=UTC)),
        (
            "2026-11-22T15:36:17+02:00",
            datetime(2026, 11, 22, 15, 36, 17, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, expected: datetime) -> None:
    (found,) = wire.assignments(page(assignment("c", "m", created_at=text, updated_at=text))).items
    assert found.created_at == found.updated_at == expected
    assert found.created_at.tzinfo is not None


def test_huge_and_infinite_numbers_in_parameters_are_kept() -> None:
    body = page(assignment("c", "m", parameters={"huge": 10**40, "far": float("inf")}))
    (found,) = wire.assignments(body).items
    assert found.parameters == {"huge": 10**40, "far": float("inf")}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enabled", "yes"),
        ("enabled", None),
        ("desired_fps", "5"),
        ("desired_fps", 2.5),
        ("desired_fps", float("nan")),
        ("parameters", [1]),
        ("created_at", "yesterday"),
        ("id", 7),
    ],
)
def test_a_row_of_wrong_types_is_named_and_the_others_are_kept(field: str, value: Any) -> None:
    good, bad = assignment("c-1", "m"), assignment("c-2", "m", **{field: value})
    rows = wire.assignments(page(good, bad, assignment("c-3", "m", parameters={"x": float("inf")})))
    assert [row.camera_id for row in rows.items] == ["c-1", "c-3"]
    assert rows.received == 3
    assert rows.problem is None
    (reason,) = rows.faults.values()
    assert list(rows.faults) == [CellKey("c-2", "m")]
    assert reason.startswith(f"the VAS gave a row with a fault ({field} ")


DEEP = json.loads('{"a":' * 300 + "1" + "}" * 300)
HALF = "half \ud83d"


@pytest.mark.parametrize("parameters", [[1, 2], DEEP, {"text": HALF}, {HALF: 1}, "text"])
def test_an_assignment_that_cannot_be_held_is_an_unknown_cell_and_no_other_is(
    parameters: Any,
) -> None:
    bad = assignment("c-2", "m", parameters=parameters)
    rows = wire.assignments(page(assignment("c-1", "m"), bad, assignment("c-3", "m")))
    assert [row.camera_id for row in rows.items] == ["c-1", "c-3"]
    assert (list(rows.faults), rows.problem) == ([CellKey("c-2", "m")], None)


def test_a_camera_or_model_that_cannot_be_read_whole_is_there_without_what_is_wrong() -> None:
    rows = wire.cameras(encoded([camera(1), camera(2, name=HALF), camera(3, name={"x": 1})]))
    first, half, nameless = rows.items
    assert (first.name, half.name) == ("Camera 1", "half \N{REPLACEMENT CHARACTER}")
    assert nameless.name is None
    assert "fault (name should be a valid string)" in str(nameless.description)
    good, deep = model("a"), model("b", name="B", config_schema=DEEP)
    found = wire.models(encoded({"models": [good, deep], "total": 2}))
    assert [(one.model_id, one.config_schema) for one in found.items][1] == ("b", None)
    assert "nested too deeply" in str(found.items[1].description)
    assert found.problem is None


def test_a_row_that_keeps_the_others_from_being_read_is_a_fault_of_the_server() -> None:
    body = b'[{"id": "1", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]"
    with pytest.raises(ServerFaultError, match="nested too deeply"):
        wire.cameras(body)


def test_a_row_without_a_field_is_named() -> None:
    row = assignment("c-1", "m")
    del row["model_id"]
    assert wire.assignments(page(row)).problem == "in row 1, model_id Field required"


def test_a_problem_does_not_repeat_what_was_sent() -> None:
    secret = f"rtsp://user:{RTSP_PASSWORD}@host"
    rows = wire.cameras(
        encoded([camera(1, name={"x": secret}), secret, camera(2, location={"x": secret})])
    )
    assert [row.name for row in rows.items] == [None, "Camera 2"]
    assert (rows.received, rows.items[1].location) == (3, None)
    assert RTSP_PASSWORD not in repr(rows)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"7",
        b'{"some": true}',
        b"[" * 50,
    ],
)
def test_what_is_no_list_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswerError, match="not a list of cameras"):
        wire.cameras(body)
    with pytest.raises(BadAnswerError, match="not a list of models"):
        wire.models(body)
    with pytest.raises(BadAnswerError, match="not a list of assignments"):
        wire.assignments(body)
    with pytest.raises(BadAnswerError):
        wire.assignment(body)


def test_a_list_without_a_total_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswerError):
        wire.assignments(b'{"assignments": []}')
    with pytest.raises(BadAnswerError):
        wire.assignments(b'{"assignments": [], "total": "7"}')


def test_what_is_none_is_left_to_the_vas_when_creating() -> None:
    body = json.loads(wire.create_body(KEY, CellIntent(False, priority=0)))
    assert body == {"camera_id": "camera-1", "model_id": "ppe", "enabled": False, "priority": 0}


def test_none_clears_when_updating() -> None:
    assert json.loads(wire.update_body({"desired_fps": None})) == {"desired_fps": None}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"a": float("nan")}, "parameters.a"),
        ({"a": [0, {"b": float("inf")}]}, "parameters.a.1.b"),
        ({"a": "nul\0"}, "parameters.a"),
        ({"nul\0": 1}, "parameters"),
        ({"a": "half of a pair \ud800"}, "parameters.a"),
    ],
)
def test_what_the_vas_would_fail_on_is_not_sent(parameters: Any, field: str) -> None:
    with pytest.raises(RejectedError) as caught:
        wire.create_body(KEY, CellIntent(True, parameters=parameters))
    assert [problem.field for problem in caught.value.problems] == [field]


def test_a_validation_error_names_fields_without_the_input() -> None:
    detail = {"type": "x", "loc": ["body", "desired_fps"], "msg": "Too high", "input": "s3cret"}
    body = encoded({"error": {"status": 422, "message": "Validation error", "details": [detail]}})
    error = wire.refusal(body, "refused")
    assert error.reason == "Validation error"
    assert error.problems == (FieldProblem("desired_fps", "Too high"),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"error": 7}',
        b'{"error": {"message": {"a": 1}}}',
        b'{"detail": []}',
    ],
)
def test_a_refusal_without_words_has_ours(body: bytes) -> None:
    assert wire.refusal(body, "the VAS refused it (400)").reason == "the VAS refused it (400)"


def test_a_refusal_is_one_short_clean_line() -> None:
    message = "bad\nrtsp://user:pass@host/x \x1b[31m" + "x" * 5000
    reason = wire.refusal(encoded({"error": {"message": message}}), "").reason
    assert reason.startswith("bad rtsp://... [31mxxx")
    assert len(reason) == wire.MESSAGE_CHARS


ADDRESSES = [
    "rtsp://user:hun/ter2@host/x",
    "RTSP://user:hun@ter2@host/x?password=hunter2",
    "rtsps://10.0.0.1/user=admin&password=hunter2",
    "rtsp:\\/\\/user:hunter2@host\\/x",
    "rtsp%3A%2F%2Fuser%3Ahunter2%40host",
    "rtsp%253a%252F%252fuser:hunter2@host",
    "rtsp:\\u002f\\u002fuser:hunter2@host",
    "rtsp://host/stream?token=hunter2",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("frame", ["{}", "Key (rtsp_url)=('{}') exists", 'at "{}", sorry', "<{}>"])
def test_no_text_of_the_vas_shows_the_address_of_a_camera(address: str, frame: str) -> None:
    text = frame.format(address)
    error = {"error": {"message": text, "details": [{"loc": ["body", text], "msg": text}]}}
    refused = wire.refusal(json.dumps(error).encode(), "not accepted")
    row: dict[str, object] = {
        "id": "c1",
        "name": text,
        "description": text,
        "location": text,
        "rtsp_url": address,
    }
    (found,) = wire.cameras(encoded([row])).items
    row = {"model_id": "m", "name": text, "description": text, "enabled": True}
    (known,) = wire.models(encoded({"models": [row], "total": 1})).items
    said = f"{refused.reason} {refused.problems} {found} {known}"
    for secret in ("hunter2", "ter2", "user", "host"):
        assert secret not in said
    assert found.name == frame.format("rtsp://...")
