"""Settings of frame export, as the README's table tells them.

An empty variable counts as not set. While export is off, nothing but the switch is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from kernel.errors import SettingsError
from kernel.layout import MAX_CAPACITY, MAX_SIDE_PX, MIN_CAPACITY, FrameSpec

DEFAULT_BASE_DIR = "/dev/shm/vas"  # noqa: S108 - the contract's place, not a scratch file
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What the environment says about frame export."""

    enabled: bool = False
    width_px: int = 1920
    height_px: int = 1080
    capacity: int = 30
    base_dir: str = DEFAULT_BASE_DIR
    group: str | None = None
    version1_names: bool = True
    owner: str | None = None
    retry_s: int = 10
    public: bool = False

    @property
    def spec(self) -> FrameSpec:
        """The frames that are exported."""
        return FrameSpec(self.width_px, self.height_px)

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read the environment; `SettingsError` names the variable that cannot be used."""
        if not _flag(env, "AI_FRAME_EXPORT_ENABLED", default=False):
            return cls()
        return cls(
            enabled=True,
            width_px=_number(env, "AI_FRAME_WIDTH", 1920, 2, MAX_SIDE_PX, even=True),
            height_px=_number(env, "AI_FRAME_HEIGHT", 1080, 2, MAX_SIDE_PX, even=True),
            capacity=_number(env, "AI_FRAME_BUFFER_CAPACITY", 30, MIN_CAPACITY, MAX_CAPACITY),
            base_dir=base_dir_from_env(env),
            group=_text(env, "AI_FRAME_EXPORT_GROUP"),
            owner=_text(env, "AI_FRAME_EXPORT_OWNER"),
            public=_public(env),
            retry_s=_number(env, "AI_FRAME_EXPORT_RETRY_S", 10, 0, 3600),
            version1_names=_flag(env, "AI_FRAME_EXPORT_V1_NAMES", default=True),
        )


def export_enabled(env: Mapping[str, str] = os.environ) -> bool:
    """Whether `AI_FRAME_EXPORT_ENABLED` says that frames are exported."""
    return _flag(env, "AI_FRAME_EXPORT_ENABLED", default=False)


def base_dir_from_env(env: Mapping[str, str] = os.environ) -> str:
    """The folder below which cameras have theirs."""
    base_dir = _text(env, "AI_FRAME_EXPORT_DIR") or DEFAULT_BASE_DIR
    if not os.path.isabs(base_dir):
        raise SettingsError(f"AI_FRAME_EXPORT_DIR must be an absolute path, not {base_dir!r}")
    return base_dir


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = _text(env, name)
    if text is None:
        return default
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise SettingsError(f"{name} must be true or false, not {text!r}")


def _public(env: Mapping[str, str]) -> bool:
    text = _text(env, "AI_FRAME_EXPORT_MODE") or "0640"
    if text not in ("0640", "0644"):
        raise SettingsError(f"AI_FRAME_EXPORT_MODE must be 0640 or 0644, not {text!r}")
    return text == "0644"


def _number(
    env: Mapping[str, str], name: str, default: int, least: int, most: int, *, even: bool = False
) -> int:
    text = _text(env, name)
    if text is None:
        return default
    kind = "an even whole number" if even else "a whole number"
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if number is None or not least <= number <= most or (even and number % 2):
        raise SettingsError(f"{name} must be {kind} from {least} to {most}, not {text!r}")
    return number
