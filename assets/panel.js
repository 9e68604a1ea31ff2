/* The side panel: opening, closing, and never losing what was typed. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const panel = () => document.getElementById("panel");
    let dirty = false;

    // Dash draws a changed part of the panel anew: open lists and the focus are put back.
    const unfolded = new Set();
    let shown = "";
    let focused = null;

    /** How to find a part of the panel again. */
    function selector(node) {
        const quoted = (text) => JSON.stringify(text || "");
        const { open, camera, model, preset, number } = node.dataset;
        if (node.id) {
            return "#" + CSS.escape(node.id);
        }
        if (open) {
            return `[data-open=${quoted(open)}][data-camera=${quoted(camera)}][data-model=${quoted(model)}]`;
        }
        if (preset) {
            return `[data-preset=${quoted(preset)}][data-number=${quoted(number)}]`;
        }
        return node.matches("[data-fold] > summary")
            ? `[data-fold=${quoted(node.parentElement.dataset.fold)}] > summary`
            : null;
    }

    function restore() {
        panel().querySelectorAll("details[data-fold]").forEach(function (list) {
            list.open = list.open || unfolded.has(list.dataset.fold);
        });
        const lost = focused && document.activeElement === document.body;
        const again = lost && panel().querySelector(focused);
        if (again) {
            again.focus({ preventScroll: true });
        }
    }

    // Whether the keyboard is where it was when something was opened, or saved.
    let stays = () => false;

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
        if (vas.presets.unsaved()) {
            return;
        }
        stays = vas.place();
        vas.clear("panel-title", "panel-live", "panel-tools", "panel-form", "panel-history");
        vas.set("panel-message", { children: "" });
        vas.clear("presets-live", "presets-form", "presets-message");
        vas.set("live-digest", { data: "" });
        vas.set("presets-digest", { data: "" });
        vas.set("open-request", {
            data: { kind: kind, camera: camera, model: model, n: Date.now() },
        });
        // Until it is there nothing is open: there is nothing to save, and nothing to follow.
        vas.set("panel-actions", { hidden: true });
        vas.set("opened", { data: null });
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
        if (vas.presets.unsaved()) {
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

    /** Begin where the grid does: the lines above it may grow while the panel is open. */
    function place() {
        const frames = ["grid-frame", "overview-frame"].map((id) => document.getElementById(id));
        const frame = frames.find((one) => one.getClientRects().length) || frames[0];
        panel().style.setProperty("--vd-panel-top", frame.offsetTop + "px");
    }

    let observed = null;
    const observer = new MutationObserver(restore);
    const above = new ResizeObserver(place);

    vas.panel = { open: open, close: close };

    vas.provide("vas_panel", {
        /** Another thing stands in the panel. */
        opened: function (data) {
            dirty = Boolean(data && data.filled);
            const what = data ? [data.kind, data.camera, data.model].join("\n") : "";
            if (data && observed !== panel()) {
                observed = panel();
                observer.observe(observed, { childList: true, subtree: true });
                ["#view-grid > .vd-filters", "#fleet-error", ".vd-counts-line"].forEach((line) =>
                    above.observe(document.querySelector(line)),
                );
            }
            if (what !== shown) {
                shown = what;
                unfolded.clear();
                ["panel-live", "panel-form"].forEach(function (id) {
                    document.getElementById(id).scrollTop = 0;
                });
                if (data) {
                    window.requestAnimationFrame(function () {
                        if (stays()) {
                            document.getElementById("panel-title").focus();
                        }
                    });
                }
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
                if (wrong && stays()) {
                    wrong.focus();
                }
            }
            vas.learn(result.learned);
        },

        /** Ask for the part of the panel that follows the fleet, while there is one. */
        follow: function (_rendered, opened, _recent, hidden) {
            if (!opened || hidden) {
                return window.dash_clientside.no_update;
            }
            return { ...opened, n: Date.now() };
        },
    });

    // The event does not bubble.
    document.addEventListener("toggle", function (event) {
        const list = event.target;
        if (list.isConnected && list.matches("#panel [data-fold]")) {
            unfolded[list.open ? "add" : "delete"](list.dataset.fold);
        }
    }, true);

    document.addEventListener("pointerdown", function () {
        focused = null;
    }, true);
    document.addEventListener("focusin", function (event) {
        focused = event.target.closest("#panel") ? selector(event.target) : null;
    });

    ["input", "change"].forEach(function (kind) {
        document.addEventListener(kind, function (event) {
            if (event.target.closest("#panel-form")) {
                dirty = true;
            }
        });
    });

    vas.onClick("[data-open]", function (entry) {
        open(entry.dataset.open, entry.dataset.camera, entry.dataset.model);
    });
    vas.onClick("#panel-close", () => close());
    vas.onClick("#panel-discard", () => discard());
    vas.onClick("#panel-save", function () {
        stays = vas.place();
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
