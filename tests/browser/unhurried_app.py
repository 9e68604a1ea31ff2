"""`app:server` on a busy machine: a save may take longer than an operator should wait."""

import pytest

from app import server
from tests.fakes.pages import SAVE_S, save_within

__all__ = ["server"]

save_within(pytest.MonkeyPatch(), SAVE_S)
