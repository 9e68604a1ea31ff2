"""Settings: what each variable takes, what a wrong one says, and that README.md names them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from vas_dash import Settings
from vas_dash.errors import SettingsError

README = Path(__file__).resolve().parents[1] / "README.md"

GOOD = [
    ("VAS_API_URL", "http://vas:8000/", "api_url", "http://vas:8000"),
    ("VAS_API_URL", "https://vas.example/below/", "api_url", "https://vas.example/below"),
    ("VAS_API_URL", "http://[::1]:8000", "api_url", "http://[::1]:8000"),
    ("VAS_API_KEY", "s3cret", "api_key", SecretStr("s3cret")),
    ("VAS_API_CONNECT_TIMEOUT_S", "0.25", "connect_timeout_s", 0.25),
    ("VAS_API_READ_TIMEOUT_S", "7", "read_timeout_s", 7.0),
    ("VAS_DASH_ENABLED", "false", "enabled", False),
    ("VAS_DASH_ENABLED", "0", "enabled", False),
    ("VAS_DASH_PREFIX", "/control/ai/", "prefix", "/control/ai/"),
    ("VAS_DASH_REFRESH_S", "60", "refresh_s", 60.0),
    ("VAS_DASH_POLL_S", "1.5", "poll_s", 1.5),
    ("VAS_DASH_PAGE_SIZE", "25", "page_size", 25),
    ("VAS_DASH_PAGE_SIZE", "200", "page_size", 200),
    ("VAS_DASH_DB_URL", "sqlite:///j.db", "db_url", "sqlite:///j.db"),
    (
        "VAS_DASH_QUEUE_URL",
        "redis://:s3cret@queue:6379/1",
        "queue_url",
        "redis://:s3cret@queue:6379/1",
    ),
    ("VAS_DASH_QUEUE_URL", "rediss://queue", "queue_url", "rediss://queue"),
    ("VAS_DASH_APPLY_CONCURRENCY", "4", "apply_concurrency", 4),
    ("VAS_DASH_RETENTION_DAYS", "365", "retention_days", 365),
    ("VAS_DASH_REASON", "required", "reason", "required"),
    ("VAS_DASH_ALLOWED_ORIGINS", "https://a.example", "allowed_origins", "https://a.example"),
    ("VAS_DASH_FRAME_ANCESTORS", "none", "frame_ancestors", "none"),
    ("VAS_DASH_FRAME_ANCESTORS", "self http://[::1]:80", "frame_ancestors", "self http://[::1]:80"),
    ("VAS_DASH_METRICS", "true", "metrics", True),
    ("VAS_DASH_AUTH", "password", "auth", "password"),
    ("VAS_DASH_READ_ONLY", "true", "read_only", True),
    ("VAS_DASH_PROXY_ADDRESSES", "::1, 10.1.0.0/16", "proxy_addresses", "::1, 10.1.0.0/16"),
    ("VAS_DASH_PROXY_HEADER", "X-Remote-User", "proxy_header", "X-Remote-User"),
    ("VAS_DASH_PROXY_ROLE_HEADER", "X-Role", "proxy_role_header", "X-Role"),
    ("VAS_DASH_PROXY_LOCATIONS_HEADER", "X-Loc", "proxy_locations_header", "X-Loc"),
    ("VAS_DASH_USERS_FILE", "/etc/users.json", "users_file", "/etc/users.json"),
    ("VAS_DASH_SESSION_HOURS", "0.5", "session_hours", 0.5),
    ("VAS_DASH_SESSION_KEY", "k" * 32, "session_key", SecretStr("k" * 32)),
    ("HOST", "0.0.0.0", "host", "0.0.0.0"),
    ("PORT", "9000", "port", 9000),
    ("WEB_CONCURRENCY", "2", "workers", 2),
    ("SITE", "fleet", "embedded_site", "fleet"),
    ("VAS_EMBEDDED_DB_URL", "sqlite:///x.db", "embedded_db_url", "sqlite:///x.db"),
    ("VAS_EMBEDDED_API_KEY", "s3cret", "embedded_api_key", SecretStr("s3cret")),
]

SECRET = "open-sesame"

BAD = [
    ("VAS_API_URL", f"ftp://{SECRET}"),
    ("VAS_API_URL", f"{SECRET}:8000"),
    ("VAS_API_URL", f"http://operator:{SECRET}@vas:8000"),
    ("VAS_API_URL", f"http://:{SECRET}@vas:8000"),
    ("VAS_API_URL", f"http://vas:{SECRET}"),
    ("VAS_API_URL", f"http://vas:99999/{SECRET}"),
    ("VAS_API_URL", f"http://vas:0/{SECRET}"),
    ("VAS_API_URL", f"http://vas:8000/?key={SECRET}"),
    ("VAS_API_URL", f"http://vas:8000/#{SECRET}"),
    ("VAS_API_URL", f"http://vas 8000/{SECRET}"),
    ("VAS_API_URL", f"http://[::1/{SECRET}"),
    ("VAS_API_KEY", f"{SECRET}\N{SNOWMAN}"),
    ("VAS_API_KEY", f"{SECRET}\nX-Other: 1"),
    ("VAS_API_CONNECT_TIMEOUT_S", SECRET),
    ("VAS_API_CONNECT_TIMEOUT_S", "0"),
    ("VAS_API_CONNECT_TIMEOUT_S", "nan"),
    ("VAS_API_CONNECT_TIMEOUT_S", "61"),
    ("VAS_API_READ_TIMEOUT_S", "-1"),
    ("VAS_API_READ_TIMEOUT_S", "inf"),
    ("VAS_API_READ_TIMEOUT_S", "301"),
    ("VAS_DASH_ENABLED", SECRET),
    ("VAS_DASH_PREFIX", SECRET),
    ("VAS_DASH_PREFIX", "/"),
    ("VAS_DASH_PREFIX", "/no-end"),
    ("VAS_DASH_PREFIX", "no-start/"),
    ("VAS_DASH_PREFIX", f"//{SECRET}/"),
    ("VAS_DASH_PREFIX", f"/a/../{SECRET}/"),
    ("VAS_DASH_PREFIX", f"/{SECRET} with blanks/"),
    ("VAS_DASH_PREFIX", f"/{SECRET}?query/"),
    ("VAS_DASH_PREFIX", f"/<{SECRET}>/"),
    ("VAS_DASH_REFRESH_S", "0.5"),
    ("VAS_DASH_REFRESH_S", "3601"),
    ("VAS_DASH_POLL_S", "0"),
    ("VAS_DASH_POLL_S", "3601"),
    ("VAS_DASH_PAGE_SIZE", "10"),
    ("VAS_DASH_PAGE_SIZE", SECRET),
    ("VAS_DASH_QUEUE_URL", SECRET),
    ("VAS_DASH_QUEUE_URL", f"http://{SECRET}"),
    ("VAS_DASH_QUEUE_URL", f"redis://:{SECRET}@"),
    ("VAS_DASH_QUEUE_URL", f"redis://queue:{SECRET}"),
    ("VAS_DASH_QUEUE_URL", f"redis://queue/{SECRET}"),
    ("VAS_DASH_QUEUE_URL", f"redis://queue/0?password={SECRET}"),
    ("VAS_DASH_APPLY_CONCURRENCY", "0"),
    ("VAS_DASH_APPLY_CONCURRENCY", "65"),
    ("VAS_DASH_RETENTION_DAYS", "-1"),
    ("VAS_DASH_REASON", SECRET),
    ("VAS_DASH_ALLOWED_ORIGINS", SECRET),
    ("VAS_DASH_ALLOWED_ORIGINS", "*"),
    ("VAS_DASH_ALLOWED_ORIGINS", f"https://a.example https://b.example/{SECRET}"),
    ("VAS_DASH_FRAME_ANCESTORS", SECRET),
    ("VAS_DASH_FRAME_ANCESTORS", "*"),
    ("VAS_DASH_FRAME_ANCESTORS", "none self"),
    ("VAS_DASH_FRAME_ANCESTORS", f"self; script-src {SECRET}"),
    ("VAS_DASH_METRICS", SECRET),
    ("VAS_DASH_AUTH", SECRET),
    ("VAS_DASH_READ_ONLY", SECRET),
    ("VAS_DASH_PROXY_ADDRESSES", SECRET),
    ("VAS_DASH_PROXY_ADDRESSES", f"127.0.0.1,{SECRET}"),
    ("VAS_DASH_PROXY_ADDRESSES", "10.1.2.3/16"),
    ("VAS_DASH_PROXY_HEADER", f"{SECRET}: x"),
    ("VAS_DASH_PROXY_ROLE_HEADER", f"{SECRET}_x"),
    ("VAS_DASH_PROXY_LOCATIONS_HEADER", f"{SECRET} x"),
    ("VAS_DASH_SESSION_HOURS", "0"),
    ("VAS_DASH_SESSION_HOURS", "721"),
    ("VAS_DASH_SESSION_KEY", SECRET),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", SECRET),
    ("WEB_CONCURRENCY", "0"),
    ("WEB_CONCURRENCY", "65"),
    ("SITE", SECRET),
]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        assert field.alias is not None
        monkeypatch.delenv(field.alias, raising=False)


def test_every_setting_has_a_good_and_where_one_is_possible_a_bad_value_here() -> None:
    aliases = {field.alias for field in Settings.model_fields.values()}
    any_text = {
        "HOST",
        "VAS_DASH_DB_URL",
        "VAS_DASH_USERS_FILE",
        "VAS_EMBEDDED_DB_URL",
        "VAS_EMBEDDED_API_KEY",
    }
    assert {variable for variable, *_ in GOOD} == aliases
    assert {variable for variable, *_ in BAD} == aliases - any_text


@pytest.mark.parametrize(("variable", "text", "name", "value"), GOOD)
def test_a_variable_sets_its_field(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(Settings.from_env(), name) == value


@pytest.mark.parametrize(("variable", "text"), BAD)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_not_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError) as caught:
        Settings.from_env()
    message = str(caught.value)
    assert message.startswith(f"settings: {variable}: ")
    assert "\n" not in message
    assert SECRET not in message
    assert "Value error" not in message
    assert caught.value.__suppress_context__


def test_all_wrong_values_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("SITE", "x")
    with pytest.raises(SettingsError, match=r"PORT: .*; SITE: "):
        Settings.from_env()


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.setenv(str(field.alias), "")
    assert Settings.from_env() == Settings.model_construct()


def test_settings_made_in_code_show_no_value_in_their_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(api_url=f"http://operator:{SECRET}@vas:8000")
    assert SECRET not in str(caught.value)


def test_settings_show_no_secret_when_printed() -> None:
    settings = Settings(
        api_key=SecretStr(SECRET),
        embedded_api_key=SecretStr(SECRET),
        embedded_db_url=f"postgresql://vas:{SECRET}@db/vas",
        db_url=f"postgresql://vas:{SECRET}@db/journal",
        queue_url=f"redis://:{SECRET}@queue:6379/0",
    )
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_another_prefix_leaves_the_rest_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAS_DASH_PREFIX", "/from-the-environment/")
    settings = Settings(api_url="http://vas:1", api_key=SecretStr("k"), page_size=25)
    moved = settings.with_prefix("/there/")
    assert moved.prefix == "/there/"
    assert moved.model_copy(update={"prefix": settings.prefix}) == settings


def test_a_prefix_that_cannot_be_says_so_in_one_line() -> None:
    with pytest.raises(
        SettingsError, match=r"^settings: prefix: must begin and end with a single /"
    ):
        Settings().with_prefix("no-slashes")


def settings_table() -> list[str]:
    """The table of README.md, line by line."""
    lines = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for field in Settings.model_fields.values():
        assert field.default is not PydanticUndefined
        assert field.description
        assert "|" not in field.description
        lines.append(f"| `{field.alias}` | {_default(field.default)} | {field.description} |")
    return lines


def _default(value: object) -> str:
    if value is None:
        return "not set"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def test_the_readme_names_every_setting_with_its_default_and_meaning() -> None:
    readme = README.read_text(encoding="utf-8").splitlines()
    table = settings_table()
    assert table[0] in readme, "README.md has no table of settings"
    start = readme.index(table[0])
    end = next(
        (at for at in range(start, len(readme)) if not readme[at].startswith("|")), len(readme)
    )
    assert readme[start:end] == table
