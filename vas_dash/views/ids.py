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
REVIEW_ASK = "review-ask"
REVIEW_ACT = "review-act"
REVIEW_BUSY = "review-busy"
REVIEW_SHOWN = "review-shown"
REVIEW_MESSAGE = "review-message"
REVIEW_EMPTY = "review-empty"
REVIEW_BODY = "review-body"
REVIEW_HEAD = "review-head"
REVIEW_LIST = "review-list"
REVIEW_TEXT = "review-text"
REVIEW_KIND = "review-kind"
REVIEW_MODEL = "review-model"
REVIEW_BY = "review-by"
REVIEW_REASON = "review-reason"
REVIEW_REASON_ERROR = "review-reason-error"
REVIEW_APPLY = "review-apply"
REVIEW_NOTE = "review-note"

# History and change sets.

# Files.
FILES_SEARCH = "files-search"
FILES_SCOPE = "files-scope"
FILES_FORMAT = "files-format"
FILES_IDS = "files-ids"
FILES_DOWNLOAD = "files-download"
FILES_UPLOAD = "files-upload"
FILES_PRUNE = "files-prune"
FILES_CHECKED = "files-checked"
FILES_SHOWN = "files-shown"
FILES_TAKE = "files-take"
FILES_MESSAGE = "files-message"
