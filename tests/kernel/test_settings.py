from __future__ import annotations

import pytest

from kernel import ExportSettings, SettingsError, export_enabled


def test_export_is_off_by_default() -> None:
    assert not export_enabled({})
    assert ExportSettings.from_env({}) == ExportSettings()
    assert not ExportSettings().enabled


@pytest.mark.parametrize("text", ["true", "1", "Yes", " on "])
def test_words_that_switch_export_on(text: str) -> None:
    assert export_enabled({"AI_FRAME_EXPORT_ENABLED": text})


def test_a_switch_that_is_neither_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="AI_FRAME_EXPORT_ENABLED must be true or false"):
        export_enabled({"AI_FRAME_EXPORT_ENABLED": "maybe"})


def test_every_variable_is_read() -> None:
    settings = ExportSettings.from_env(
        {
            "AI_FRAME_EXPORT_ENABLED": "true",
            "AI_FRAME_WIDTH": "640",
            "AI_FRAME_HEIGHT": "480",
            "AI_FRAME_BUFFER_CAPACITY": "5",
            "AI_FRAME_EXPORT_DIR": "/dev/shm/other",
            "AI_FRAME_EXPORT_GROUP": "video",
            "AI_FRAME_EXPORT_V1_NAMES": "false",
            "AI_FRAME_EXPORT_OWNER": "camera",
            "AI_FRAME_EXPORT_RETRY_S": "3",
            "AI_FRAME_EXPORT_MODE": "0644",
        }
    )
    assert settings == ExportSettings(
        True, 640, 480, 5, "/dev/shm/other", "video", False, "camera", 3, True
    )


def test_empty_variables_count_as_not_set() -> None:
    env = {"AI_FRAME_EXPORT_ENABLED": "1", "AI_FRAME_WIDTH": "", "AI_FRAME_EXPORT_DIR": " "}
    assert ExportSettings.from_env(env) == ExportSettings(enabled=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AI_FRAME_WIDTH", "641"),
        ("AI_FRAME_WIDTH", "0"),
        ("AI_FRAME_HEIGHT", "-2"),
        ("AI_FRAME_HEIGHT", "99999999999999999999"),
        ("AI_FRAME_BUFFER_CAPACITY", "2"),
        ("AI_FRAME_BUFFER_CAPACITY", "3.5"),
        ("AI_FRAME_EXPORT_DIR", "relative/path"),
        ("AI_FRAME_EXPORT_RETRY_S", "-1"),
        ("AI_FRAME_EXPORT_MODE", "0666"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ExportSettings.from_env({"AI_FRAME_EXPORT_ENABLED": "true", name: text})


def test_while_export_is_off_nothing_else_can_be_wrong() -> None:
    env = {"AI_FRAME_WIDTH": "nonsense", "AI_FRAME_EXPORT_DIR": "nowhere"}
    assert ExportSettings.from_env(env) == ExportSettings()
