"""Settings: every variable, its default, its unit, one line of help."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

import vas_dash.config_checks as checks
from vas_dash.config_checks import parse_networks
from vas_dash.errors import SettingsError

__all__ = ["Settings", "is_loopback", "parse_networks"]


class Settings(BaseSettings):
    """What can be set, read from the environment by `Settings.from_env()`.

    The environment's name of each field is its alias; an empty variable counts as not set.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        populate_by_name=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    api_url: str | None = Field(
        None,
        alias="VAS_API_URL",
        description="Address of the VAS, for example `http://vas:8000`. Not set: the embedded VAS.",
    )
    api_key: SecretStr | None = Field(
        None, alias="VAS_API_KEY", description="Sent to the VAS as `X-API-Key`."
    )
    connect_timeout_s: float = Field(
        0.5,
        alias="VAS_API_CONNECT_TIMEOUT_S",
        gt=0,
        le=60,
        description="Longest wait for a connection to the VAS, in seconds.",
    )
    read_timeout_s: float = Field(
        3.0,
        alias="VAS_API_READ_TIMEOUT_S",
        gt=0,
        le=300,
        description="Longest wait for a whole answer of the VAS, in seconds.",
    )
    enabled: bool = Field(
        True, alias="VAS_DASH_ENABLED", description="`false`: the page is not there at all."
    )
    prefix: str = Field(
        "/ai-models/",
        alias="VAS_DASH_PREFIX",
        description="Path of the page; begins and ends with `/`.",
    )
    refresh_s: float = Field(
        10.0,
        alias="VAS_DASH_REFRESH_S",
        ge=1,
        le=3600,
        description="Shortest time between two reads of the fleet, in seconds, for each process.",
    )
    poll_s: float = Field(
        3.0,
        alias="VAS_DASH_POLL_S",
        ge=0.2,
        le=3600,
        description="Time between two polls of an open page for what has changed, in seconds.",
    )
    page_size: Literal[25, 50, 100, 200] = Field(
        50,
        alias="VAS_DASH_PAGE_SIZE",
        description="Cameras on a page at first: 25, 50, 100 or 200.",
    )
    db_url: str | None = Field(
        None,
        alias="VAS_DASH_DB_URL",
        repr=False,
        description="SQLAlchemy URL of the journal of changes. Not set: SQLite in `.data/`.",
    )
    queue_url: str | None = Field(
        None,
        alias="VAS_DASH_QUEUE_URL",
        repr=False,
        description="Redis whose workers apply change sets (`make worker`), for example "
        "`redis://host:6379/0`. Not set: processes on this host do.",
    )
    apply_concurrency: int = Field(
        8,
        alias="VAS_DASH_APPLY_CONCURRENCY",
        ge=1,
        le=64,
        description="Changes of a change set that are sent to the VAS at once.",
    )
    retention_days: int = Field(
        0,
        alias="VAS_DASH_RETENTION_DAYS",
        ge=0,
        le=36_500,
        description="Days after which a change set leaves the journal. 0: never.",
    )
    reason: Literal["off", "optional", "required"] = Field(
        "optional",
        alias="VAS_DASH_REASON",
        description="Reason of a change set: `off` (not asked for), `optional` or `required`.",
    )
    allowed_origins: str | None = Field(
        None,
        alias="VAS_DASH_ALLOWED_ORIGINS",
        description="Further origins of the page behind a proxy that changes `Host`, separated by "
        "blanks, as `https://vas.example`.",
    )
    frame_ancestors: str = Field(
        "self",
        alias="VAS_DASH_FRAME_ANCESTORS",
        description="Who may show the page in a frame: `none`, or `self` and origins, separated by "
        "blanks.",
    )
    metrics: bool = Field(
        False,
        alias="VAS_DASH_METRICS",
        description="`true`: Prometheus metrics of the page at `metrics` below its path.",
    )
    auth: Literal["off", "proxy", "password"] = Field(
        "off",
        alias="VAS_DASH_AUTH",
        description="Who says who is asking: `off` (nobody; this machine only), `proxy` or "
        "`password`.",
    )
    read_only: bool = Field(
        False, alias="VAS_DASH_READ_ONLY", description="`true`: everyone is a viewer."
    )
    proxy_addresses: str | None = Field(
        None,
        alias="VAS_DASH_PROXY_ADDRESSES",
        description="Addresses or networks of proxies that are believed, with commas: "
        "`127.0.0.1,10.1.0.0/16`.",
    )
    proxy_header: str = Field(
        "X-Forwarded-User",
        alias="VAS_DASH_PROXY_HEADER",
        description="Header in which a proxy names the operator.",
    )
    proxy_role_header: str | None = Field(
        None,
        alias="VAS_DASH_PROXY_ROLE_HEADER",
        description="Header in which a proxy gives the role. Not set: everyone is an operator.",
    )
    proxy_locations_header: str | None = Field(
        None,
        alias="VAS_DASH_PROXY_LOCATIONS_HEADER",
        description="Header in which a proxy gives an operator's locations, with `;`, or `*`. "
        "Not set: everywhere.",
    )
    users_file: str = Field(
        ".data/users.json",
        alias="VAS_DASH_USERS_FILE",
        description="Users and hashes of their passwords. Written by `python -m vas_dash user`.",
    )
    session_hours: float = Field(
        12.0,
        alias="VAS_DASH_SESSION_HOURS",
        gt=0,
        le=720,
        description="Hours after which one has to log in again.",
    )
    session_key: SecretStr | None = Field(
        None,
        alias="VAS_DASH_SESSION_KEY",
        description="Signs sessions, at least 32 characters. Not set: a key beside the file of "
        "users.",
    )
    host: str = Field("127.0.0.1", alias="HOST", description="Address that `make run` listens on.")
    port: int = Field(
        8050, alias="PORT", ge=1, le=65535, description="Port that `make run` listens on."
    )
    workers: int = Field(
        1, alias="WEB_CONCURRENCY", ge=1, le=64, description="Worker processes of `make run`."
    )
    embedded_site: Literal["demo", "empty", "fleet"] = Field(
        "demo",
        alias="SITE",
        description="Cameras of the embedded VAS: `demo` (60), `empty` (none), `fleet` (5,000).",
    )
    embedded_db_url: str | None = Field(
        None,
        alias="VAS_EMBEDDED_DB_URL",
        repr=False,
        description="SQLAlchemy URL of the embedded VAS's database. Not set: SQLite in `.data/`.",
    )
    embedded_api_key: SecretStr | None = Field(
        None,
        alias="VAS_EMBEDDED_API_KEY",
        description="Key that the embedded VAS asks for. Not set: none.",
    )

    _http_address = field_validator("api_url")(checks.http_address)
    _redis_address = field_validator("queue_url")(checks.redis_address)
    _fits_a_header = field_validator("api_key")(checks.fits_a_header)
    _path_prefix = field_validator("prefix")(checks.path_prefix)
    _origins = field_validator("allowed_origins")(checks.origins)
    _frames = field_validator("frame_ancestors")(checks.frames)

    @property
    def origins(self) -> frozenset[str]:
        """`allowed_origins`, each for itself."""
        return frozenset((self.allowed_origins or "").lower().split())

    @property
    def frame_policy(self) -> str:
        """`frame_ancestors` in the words of a Content Security Policy."""
        words = {"none": "'none'", "self": "'self'"}
        return " ".join(words.get(one, one) for one in self.frame_ancestors.split())

    _networks = field_validator("proxy_addresses")(checks.networks)
    _header_name = field_validator("proxy_header", "proxy_role_header", "proxy_locations_header")(
        checks.header_name
    )
    _long_enough = field_validator("session_key")(checks.long_enough)
    _whole_number = field_validator("page_size", mode="before")(checks.whole_number)

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment.

        Raises:
            SettingsError: a variable has no usable value; the message names it, not the value.
        """
        try:
            return cls()
        except ValidationError as error:
            raise _settings_error(error) from None

    def check_auth(self) -> None:
        """Whether the way that operators are told apart can be used.

        Raises:
            SettingsError: it cannot.
        """
        if self.auth == "proxy" and not parse_networks(self.proxy_addresses):
            raise SettingsError(
                "settings: VAS_DASH_PROXY_ADDRESSES: must name the proxy's address "
                "when VAS_DASH_AUTH is proxy"
            )

    def check_standing_alone(self) -> None:
        """Whether the page may be served by itself: not to a network without authentication.

        Raises:
            SettingsError: it may not.
        """
        self.check_auth()
        if self.enabled and self.auth == "off" and not is_loopback(self.host):
            raise SettingsError(
                "settings: HOST: only this machine may be served while VAS_DASH_AUTH is off; "
                "set it to proxy or password, or HOST to 127.0.0.1"
            )

    def with_prefix(self, prefix: str) -> Self:
        """These settings, with the page at another path.

        Raises:
            SettingsError: it is no path that a page can stand at.
        """
        try:
            return type(self).model_validate({**self.model_dump(), "prefix": prefix})
        except ValidationError as error:
            raise _settings_error(error) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there, or is what has this address."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _settings_error(error: ValidationError) -> SettingsError:
    problems = "; ".join(
        f"{'.'.join(str(step) for step in problem['loc'])}: "
        f"{problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    return SettingsError(f"settings: {problems}")
