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
DRAFTS = "drafts"
APPLY = "apply"
SETTLED = "settled"
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

# The side panel.
PANEL = "panel"
PANEL_TITLE = "panel-title"
PANEL_LIVE = "panel-live"
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
HISTORY_TITLE = "history-title"
HISTORY_FILTERS = "history-filters"
HISTORY_WHO = "history-who"
HISTORY_CAMERA = "history-camera"
HISTORY_MODEL = "history-model"
HISTORY_SINCE = "history-since"
HISTORY_UNTIL = "history-until"
HISTORY_CAMERA_NOTE = "history-camera-note"
HISTORY_MODEL_NOTE = "history-model-note"
HISTORY_SINCE_NOTE = "history-since-note"
HISTORY_UNTIL_NOTE = "history-until-note"
HISTORY_HEAD = "history-head"
HISTORY_PROGRESS = "history-progress"
HISTORY_ACTIONS = "history-actions"
HISTORY_MESSAGE = "history-message"
HISTORY_BODY = "history-body"
HISTORY_ASK = "history-ask"
HISTORY_SHOWN = "history-shown"
HISTORY_DO = "history-do"
HISTORY_DONE = "history-done"
HISTORY_TICK = "history-tick"
RUNNING = "running"
RUNNING_ASK = "running-ask"
RUNNING_LINE = "running-line"
RUNNING_LINK = "running-link"
RUNNING_OVER = "running-over"
PANEL_HISTORY = "panel-history"

# Files.
