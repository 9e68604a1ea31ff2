"""Every component id, in one place. `assets/` speaks of the same names."""

from __future__ import annotations

URL = "url"
POLL = "poll"

# Stores: what the browser holds.
RENDERED = "rendered"
OPTIONS = "options"
GESTURE = "gesture"
PEEK = "peek"
PEEK_TEXT = "peek-text"
TOGGLES = "toggles"
KEPT = "kept"
APPLY = "apply"
APPLIED = "applied"
SELECTION = "selection"
FIND_CELLS = "find-cells"
FOUND_CELLS = "found-cells"
ACT = "act"
ACTED = "acted"
RECENT = "recent"
OPENED = "opened"
PANEL_RESULT = "panel-result"
LIVE = "live"
LIVE_DIGEST = "live-digest"

# Finding.
FILTER_TEXT = "filter-text"
FILTER_LOCATIONS = "filter-locations"
FILTER_MODELS = "filter-models"
FILTER_STATE = "filter-state"
FILTER_STATE_OF = "filter-state-of"
PAGE_SIZE = "page-size"
LOCATIONS_LABEL = "filter-locations-label"
MODELS_LABEL = "filter-models-label"

# The grid.
STATUS = "status"
TROUBLE = "trouble"
COUNTS = "counts"
GRID = "grid"
EMPTY = "grid-empty"
PAGER_TEXT = "pager-text"

# Drafts.
DRAFT_MESSAGE = "draft-message"
AT_ONCE = "at-once"

# Acting on the selection.
SELECT_ALL = "select-all"
BULK = "bulk"
BULK_TITLE = "bulk-title"
BULK_FORM = "bulk-form"
BULK_MESSAGE = "bulk-message"
BULK_SAVE = "bulk-save"
BULK_HOW = "bulk-how"
BULK_VALUE = "bulk-value"
BULK_CAMERAS = "bulk-cameras"

# The side panel.
PANEL = "panel"
PANEL_TITLE = "panel-title"
PANEL_LIVE = "panel-live"
PANEL_TOOLS = "panel-tools"
PANEL_FORM = "panel-form"
PANEL_MESSAGE = "panel-message"
PANEL_ACTIONS = "panel-actions"
PANEL_SAVE = "panel-save"
PANEL_FIELD = "panel-field"
PANEL_CHOICE = "panel-choice"

# The views of the page: one is shown, by the path of the address.
NAV_GRID = "nav-grid"
NAV_REVIEW = "nav-review"
NAV_HISTORY = "nav-history"
NAV_FILES = "nav-files"
VIEW_GRID = "view-grid"
VIEW_REVIEW = "view-review"
VIEW_HISTORY = "view-history"
VIEW_FILES = "view-files"

# The draft.
DRAFT = "draft"

# Review.

# History and change sets.

# Files.
