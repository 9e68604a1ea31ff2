/* The side panel: opening, closing, and never losing what was typed. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const panel = () => document.getElementById("panel");
    let dirty = false;

    function unsaved() {
        vas.set("panel-message", {
            children: "Something here is not saved yet. Save it, or discard it, first.",
        });
        document.getElementById("panel-save").focus();
    }

    /** Open a cell, a camera or a model. */
    function open(kind, camera, model) {
        if (dirty) {
            unsaved();
            return;
        }
        vas.set("gesture", {
            data: { kind: kind, camera: camera, model: model, n: Date.now() },
        });
    }

    /** Close the panel; false when it was not open. */
    function close() {
        if (panel().hidden) {
            return false;
        }
        if (dirty) {
            unsaved();
            return true;
        }
        vas.set("panel", { hidden: true });
        vas.set("opened", { data: null });
        vas.grid.refocus();
        return true;
    }

    function discard() {
        const opened = vas.props("opened").data;
        dirty = false;
        if (opened) {
            open(opened.kind, opened.camera, opened.model);
        }
    }

    vas.panel = { open: open, close: close };

    vas.provide("vas_panel", {
        /** Another thing stands in the panel. */
        opened: function (data) {
            dirty = false;
            if (data && !panel().contains(document.activeElement)) {
                const title = document.getElementById("panel-title");
                window.requestAnimationFrame(() => title.focus());
            }
        },

        /** A save was answered. */
        result: function (result) {
            if (!result) {
                return;
            }
            if (result.ok) {
                dirty = false;
            } else {
                const wrong = document.querySelector("#panel-form .is-invalid");
                if (wrong) {
                    wrong.focus();
                }
            }
            vas.learn(result.learned);
        },

        /** Ask for the part of the panel that follows the fleet, while there is one. */
        follow: function (_status, opened, _recent, hidden) {
            if (!opened || hidden) {
                return window.dash_clientside.no_update;
            }
            return { ...opened, n: Date.now() };
        },
    });

    ["input", "change"].forEach(function (kind) {
        document.addEventListener(kind, function (event) {
            if (event.target.closest("#panel-form")) {
                dirty = true;
            }
        });
    });

    document.addEventListener("click", function (event) {
        const entry = event.target.closest("[data-open]");
        if (entry) {
            open(entry.dataset.open, entry.dataset.camera, entry.dataset.model);
        } else if (event.target.closest("#panel-close")) {
            close();
        } else if (event.target.closest("#panel-discard")) {
            discard();
        }
    });

    document.addEventListener("keydown", function (event) {
        if (event.key === "Escape" && event.target.closest("#panel")) {
            close();
        } else if (
            event.key === "Enter" &&
            (event.ctrlKey || event.metaKey) &&
            event.target.closest("#panel-form")
        ) {
            document.getElementById("panel-save").click();
        }
    });
})();
