"""Contract section 5: assignments, the intent for one camera and one model."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.support import (
    Json,
    Vas,
    assert_error,
    assert_invalid,
    assert_refused,
    make_camera,
    unique,
)

PATH = "/ai-model-assignments"
FIELDS = {
    *("id", "camera_id", "model_id", "enabled", "desired_fps", "priority", "parameters"),
    *("created_at", "updated_at"),
}
AT_ONCE = 20


def post_raw(vas: Vas, method: str, path: str, body: str) -> Any:
    return vas(method, path, data=body.encode(), headers={"Content-Type": "application/json"})


def listed(vas: Vas, camera: Json, **query: Any) -> list[Json]:
    page = vas.json(PATH, camera_id=camera["id"], limit=1000, **query)
    rows: list[Json] = page["assignments"]
    assert page["total"] == len(rows)
    return rows


# Making one.


def test_an_assignment_is_made_with_all_its_fields(vas: Vas, camera: Json) -> None:
    values: Json = {
        "enabled": False,
        "desired_fps": 12,
        "priority": 40,
        "parameters": {"confidence": 0.5, "classes": ["helmet"], "nested": {"deep": [1, None]}},
    }
    made = vas.assign(camera, **values)
    assert made.keys() == FIELDS
    assert {key: made[key] for key in values} == values
    assert made["camera_id"] == camera["id"]
    assert made["updated_at"] is None
    assert listed(vas, camera) == [made]


def test_what_is_left_out_is_enabled_and_null(vas: Vas, camera: Json) -> None:
    made = vas.assign(camera)
    assert made["enabled"] is True
    assert (made["desired_fps"], made["priority"], made["parameters"]) == (None, None, None)


@pytest.mark.parametrize("missing", ["camera_id", "model_id"])
def test_camera_and_model_are_required(vas: Vas, camera: Json, missing: str) -> None:
    body = {"camera_id": camera["id"], "model_id": "a"}
    del body[missing]
    assert_invalid(vas("POST", PATH, json=body), "body", missing)


def test_an_unknown_camera_answers_400(vas: Vas) -> None:
    body = {"camera_id": str(uuid4()), "model_id": unique("model")}
    assert_error(vas("POST", PATH, json=body), 400)


def test_a_camera_id_that_is_no_uuid_answers_422(vas: Vas) -> None:
    body = {"camera_id": "17", "model_id": unique("model")}
    assert_invalid(vas("POST", PATH, json=body), "body", "camera_id")


@pytest.mark.parametrize("model_id", [" ", "x" * 128, "\N{SNOWMAN} of another registry", "a/b"])
def test_an_unknown_or_even_blank_model_is_taken(vas: Vas, camera: Json, model_id: str) -> None:
    made = vas.assign(camera, model_id)
    assert made["model_id"] == model_id
    assert listed(vas, camera, model_id=model_id) == [made]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("desired_fps", 1),
        ("desired_fps", 30),
        ("priority", 0),
        ("priority", 100),
        ("parameters", {}),
        ("parameters", {"not": "in any schema"}),
    ],
)
def test_values_at_their_limits_are_taken(vas: Vas, camera: Json, field: str, value: Any) -> None:
    assert vas.assign(camera, **{field: value})[field] == value


BAD_VALUES = [
    ("desired_fps", 0),
    ("desired_fps", 31),
    ("desired_fps", 2.5),
    ("desired_fps", "many"),
    ("desired_fps", 10**40),
    ("priority", -1),
    ("priority", 101),
    ("priority", 2.5),
    ("priority", []),
    ("parameters", []),
    ("parameters", "text"),
    ("parameters", 1),
    ("enabled", "perhaps"),
]


@pytest.mark.parametrize(
    ("field", "value"), [*BAD_VALUES, ("enabled", None), ("model_id", ""), ("model_id", "x" * 129)]
)
def test_values_beyond_their_limits_answer_422(
    vas: Vas, camera: Json, field: str, value: Any
) -> None:
    body = {"camera_id": camera["id"], "model_id": unique("model"), field: value}
    assert_invalid(vas("POST", PATH, json=body), "body", field)
    assert listed(vas, camera) == []


UNSTORABLE = ["NaN", "Infinity", "-Infinity", "1e999", r'"a\u0000b"', r'"\ud800"', "[" * 5_000]


@pytest.mark.parametrize("value", UNSTORABLE, ids=lambda value: value[:12])
def test_what_cannot_be_stored_is_refused(vas: Vas, camera: Json, value: str) -> None:
    body = f'{{"camera_id": "{camera["id"]}", "model_id": "a", "parameters": {{"x": {value}}}}}'
    assert_refused(vas, post_raw(vas, "POST", PATH, body))
    assert listed(vas, camera) == []

    assignment = vas.assign(camera, parameters={"x": 1})
    path = f"{PATH}/{assignment['id']}"
    assert_refused(vas, post_raw(vas, "PATCH", path, f'{{"parameters": {{"x": {value}}}}}'))
    assert listed(vas, camera) == [assignment]


def test_a_nul_in_a_model_id_or_a_key_is_refused(vas: Vas, camera: Json) -> None:
    for body in (
        {"camera_id": camera["id"], "model_id": "a\0b"},
        {"camera_id": camera["id"], "model_id": "a", "parameters": {"a\0b": 1}},
    ):
        assert_refused(vas, vas("POST", PATH, json=body))
    assert_refused(vas, vas("GET", PATH, params={"model_id": "a\0b"}))
    assert listed(vas, camera) == []


def test_a_backslash_and_u0000_written_out_is_ordinary_text(vas: Vas, camera: Json) -> None:
    parameters = {"pattern": "\\u0000", "path": "C:\\\\u0000"}
    assert vas.assign(camera, parameters=parameters)["parameters"] == parameters


def test_a_number_beyond_64_bits_is_kept_or_refused_never_changed(vas: Vas, camera: Json) -> None:
    parameters = {"x": 2**80 + 1, "y": -(2**63), "z": 0.1}
    body = {"camera_id": camera["id"], "model_id": "a", "parameters": parameters}
    response = vas("POST", PATH, json=body)
    if response.status_code == 201:
        assert listed(vas, camera)[0]["parameters"] == parameters
    else:
        assert_refused(vas, response)


# The same pair again.


def test_the_same_pair_again_gives_the_existing_row_and_discards_what_was_sent(
    vas: Vas, camera: Json
) -> None:
    first = vas.assign(camera, desired_fps=5, priority=1, parameters={"a": 1})
    again = vas.assign(
        camera, first["model_id"], desired_fps=25, priority=99, parameters={"b": 2}, enabled=True
    )
    assert again == first
    assert listed(vas, camera) == [first]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_same_pair_again_with_another_enabled_answers_409(
    vas: Vas, camera: Json, enabled: bool
) -> None:
    first = vas.assign(camera, enabled=enabled)
    body = {"camera_id": camera["id"], "model_id": first["model_id"], "enabled": not enabled}
    assert_error(vas("POST", PATH, json=body), 409)
    assert listed(vas, camera) == [first]


def test_the_same_pair_made_by_many_at_once_is_one_row(vas: Vas, camera: Json) -> None:
    model_id = unique("model")

    def post(fps: int) -> Any:
        body = {"camera_id": camera["id"], "model_id": model_id, "desired_fps": fps}
        return vas("POST", PATH, json=body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        responses = list(pool.map(post, range(1, AT_ONCE + 1)))
    assert {response.status_code for response in responses} <= (
        {201} if vas.embedded else {201, 500}
    )
    [row] = listed(vas, camera)
    assert all(response.json() == row for response in responses if response.status_code == 201)


# Changing one.


def test_only_the_keys_that_are_sent_change(vas: Vas, camera: Json) -> None:
    before = vas.assign(camera, desired_fps=5, priority=10, parameters={"a": 1})
    for body in ({"enabled": False}, {"desired_fps": 6}, {"priority": 11}):
        response = vas.patch(before, body)
        assert response.status_code == 200
        after = response.json()
        assert after == before | body | {"updated_at": after["updated_at"]}
        assert after["updated_at"] not in (None, before["updated_at"])
        assert vas.reread(before) == after
        before = after


@pytest.mark.parametrize("field", ["desired_fps", "priority", "parameters"])
def test_null_clears(vas: Vas, camera: Json, field: str) -> None:
    before = vas.assign(camera, desired_fps=5, priority=10, parameters={"a": 1})
    after = vas.patch(before, {field: None}).json()
    assert after == before | {field: None, "updated_at": after["updated_at"]}
    assert vas.reread(before) == after


def test_parameters_are_replaced_not_merged(vas: Vas, camera: Json) -> None:
    before = vas.assign(camera, parameters={"a": 1, "b": {"c": 2}})
    assert vas.patch(before, {"parameters": {"b": {"d": 3}}}).json()["parameters"] == {
        "b": {"d": 3}
    }
    assert vas.patch(before, {"parameters": {}}).json()["parameters"] == {}
    assert vas.reread(before)["parameters"] == {}


def test_enabled_null_is_refused(vas: Vas, camera: Json) -> None:
    before = vas.assign(camera)
    assert_refused(vas, vas.patch(before, {"enabled": None}))
    assert vas.reread(before) == before


@pytest.mark.parametrize(("field", "value"), BAD_VALUES)
def test_a_change_beyond_the_limits_answers_422(
    vas: Vas, camera: Json, field: str, value: Any
) -> None:
    before = vas.assign(camera, desired_fps=5)
    assert_invalid(vas.patch(before, {"priority": 3} | {field: value}), "body", field)
    assert vas.reread(before) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"unheard_of": 1},
        {"id": str(uuid4()), "model_id": "another", "camera_id": str(uuid4())},
        {"enabled": True, "desired_fps": 5, "priority": None, "parameters": {"b": 2, "a": [1]}},
    ],
    ids=["nothing", "unknown", "fixed", "same"],
)
def test_a_change_that_changes_nothing_leaves_updated_at(
    vas: Vas, camera: Json, body: Json
) -> None:
    before = vas.assign(camera, desired_fps=5, parameters={"a": [1], "b": 2})
    response = vas.patch(before, body)
    assert response.status_code == 200
    assert response.json() == before
    assert vas.reread(before) == before


def test_every_change_has_another_updated_at(vas: Vas, camera: Json) -> None:
    assignment = vas.assign(camera)
    tokens = [vas.patch(assignment, {"priority": value}).json()["updated_at"] for value in range(9)]
    assert tokens == sorted(set(tokens), key=moment_key)


def moment_key(text: str) -> tuple[str, str]:
    """A fraction of zero is left out, so the text alone does not sort."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return seconds, fraction


def test_many_changes_at_once_all_answer_200_and_one_of_them_is_stored(
    vas: Vas, camera: Json
) -> None:
    assignment = vas.assign(camera)
    changes = [{("priority", "desired_fps")[number % 2]: number + 1} for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        responses = list(pool.map(lambda change: vas.patch(assignment, change), changes))
    assert {response.status_code for response in responses} == {200}
    stored = vas.reread(assignment)
    assert {"priority": stored["priority"]} in changes
    assert {"desired_fps": stored["desired_fps"]} in changes
    if vas.embedded:
        answers = [response.json() for response in responses]
        assert all(
            answer == answer | change for answer, change in zip(answers, changes, strict=True)
        )
        assert stored == max(answers, key=lambda answer: moment_key(answer["updated_at"]))
        assert len({answer["updated_at"] for answer in answers}) == AT_ONCE


def test_a_change_that_races_a_delete_is_done_or_answers_404(vas: Vas, camera: Json) -> None:
    for value in range(5):
        assignment = vas.assign(camera)
        with ThreadPoolExecutor(2) as pool:
            change = pool.submit(vas.patch, assignment, {"priority": value})
            delete = pool.submit(vas, "DELETE", f"{PATH}/{assignment['id']}")
        assert change.result().status_code in ({200, 404} if vas.embedded else {200, 404, 500})
        assert delete.result().status_code == 204
    assert listed(vas, camera) == []


def test_an_unknown_assignment_answers_404_and_no_uuid_422(vas: Vas) -> None:
    assert_error(vas("PATCH", f"{PATH}/{uuid4()}", json={"priority": 1}), 404)
    assert_error(vas("DELETE", f"{PATH}/{uuid4()}"), 404)
    assert_error(vas("PATCH", f"{PATH}/17", json={"priority": 1}), 422)
    assert_error(vas("DELETE", f"{PATH}/17"), 422)


# Deleting one.


def test_delete_answers_204_then_404_and_the_pair_again_has_another_id(
    vas: Vas, camera: Json
) -> None:
    first = vas.assign(camera, priority=5)
    response = vas("DELETE", f"{PATH}/{first['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert_error(vas("DELETE", f"{PATH}/{first['id']}"), 404)
    assert listed(vas, camera) == []
    again = vas.assign(camera, first["model_id"])
    assert again["id"] != first["id"]
    assert again["priority"] is None


# Listing them.


def test_the_list_says_its_total_limit_and_offset(vas: Vas, camera: Json) -> None:
    made = [vas.assign(camera) for _ in range(3)]
    page = vas.json(PATH, camera_id=camera["id"])
    assert page == {"assignments": made[::-1], "total": 3, "limit": 100, "offset": 0}


def test_pages_come_newest_first_and_cover_the_list(vas: Vas, camera: Json) -> None:
    made = [vas.assign(camera) for _ in range(5)]
    pages = [
        vas.json(PATH, camera_id=camera["id"], limit=2, offset=offset) for offset in (0, 2, 4, 6)
    ]
    assert [len(page["assignments"]) for page in pages] == [2, 2, 1, 0]
    assert {page["total"] for page in pages} == {5}
    assert [(page["limit"], page["offset"]) for page in pages] == [(2, 0), (2, 2), (2, 4), (2, 6)]
    assert [row for page in pages for row in page["assignments"]] == made[::-1]


def test_filters_narrow_the_list_and_its_total(vas: Vas, camera: Json) -> None:
    another = make_camera(vas)
    try:
        model_id = unique("model")
        here_on = vas.assign(camera, model_id)
        here_off = vas.assign(camera, enabled=False)
        there_off = vas.assign(another, model_id, enabled=False)
        assert listed(vas, camera) == [here_off, here_on]
        assert listed(vas, camera, enabled="true") == [here_on]
        assert listed(vas, camera, enabled="false") == [here_off]
        assert listed(vas, camera, model_id=model_id, enabled="false") == []
        assert vas.json(PATH, model_id=model_id)["assignments"] == [there_off, here_on]
        assert vas.json(PATH, camera_id=str(uuid4()))["total"] == 0
    finally:
        vas("DELETE", f"/devices/{another['id']}")


@pytest.mark.parametrize("limit", [1, 1000])
def test_limits_at_their_ends_are_taken(vas: Vas, limit: int) -> None:
    assert vas.json(PATH, limit=limit)["limit"] == limit


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "-1"),
        ("limit", "many"),
        ("offset", "-1"),
        ("offset", "x"),
        ("enabled", "perhaps"),
        ("camera_id", "17"),
    ],
)
def test_a_query_beyond_its_limits_answers_422(vas: Vas, name: str, value: str) -> None:
    assert_invalid(vas("GET", PATH, params={name: value}), "query", name)


def test_an_offset_beyond_64_bits_is_refused(vas: Vas) -> None:
    assert_refused(vas, vas("GET", PATH, params={"offset": str(10**30)}))


def test_text_is_stored_as_it_was_sent(vas: Vas, camera: Json) -> None:
    parameters = {
        "text": "\N{SNOWMAN} <b> ' \" \\ \t \u2028 \N{GRINNING FACE}",
        "": [[], {}, 0, -0.5],
    }
    assignment = vas.assign(camera, parameters=parameters)
    assert vas.reread(assignment)["parameters"] == parameters
    assert json.dumps(vas.reread(assignment)["parameters"]["text"]) == json.dumps(
        parameters["text"]
    )
