/* The review: asks for what is looked at, and says what is to be thrown away. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const PAGE = 100;
    const OPEN_LIMIT = 50;

    // What is unfolded: by group, how many of its cells. null: as the server finds best.
    const unfolded = { opened: null, groups: PAGE, blocked: PAGE };
    let grouped = "model";
    let shown = false;
    let turn = 0;
    let acted = false;

    function asked() {
        return {
            text: (vas.props("review-text").value || "").trim(),
            kind: vas.props("review-kind").value || "",
            model: vas.props("review-model").value || "",
            by: vas.props("review-by").value || "model",
            ...unfolded,
        };
    }

    function ask() {
        turn += 1;
        vas.set("review-ask", { data: { ...asked(), n: turn } });
    }

    function act(action, more) {
        turn += 1;
        acted = true;
        const revision = (vas.props("review-shown").data || {}).revision || 0;
        vas.set("review-act", {
            data: { action: action, ...more, revision: revision, ask: asked(), n: turn },
        });
    }

    /** Which groups are open now, also where nobody has chosen any yet. */
    function opened() {
        if (unfolded.opened === null) {
            const open = document.querySelectorAll('[data-review="toggle"][aria-expanded="true"]');
            unfolded.opened = {};
            open.forEach((button) => (unfolded.opened[button.dataset.group] = PAGE));
        }
        return unfolded.opened;
    }

    function toggle(group) {
        const groups = { ...opened() };
        if (groups[group]) {
            delete groups[group];
        } else {
            groups[group] = PAGE;
            const names = Object.keys(groups);
            names.slice(0, Math.max(0, names.length - OPEN_LIMIT)).forEach((name) => delete groups[name]);
        }
        unfolded.opened = groups;
        ask();
    }

    function more(what, group) {
        if (what === "cells") {
            unfolded.opened = { ...opened(), [group]: (opened()[group] || PAGE) + PAGE };
        } else {
            unfolded[what] += PAGE;
        }
        ask();
    }

    /** The whole draft goes only when it is asked for twice. */
    function discard(button) {
        if (button.dataset.armed) {
            disarm(button);
            act("all", {});
            return;
        }
        button.dataset.armed = "true";
        button.dataset.text = button.textContent;
        button.textContent = "Press again to discard all";
        button.addEventListener("blur", () => disarm(button), { once: true });
    }

    function disarm(button) {
        if (button.dataset.armed) {
            delete button.dataset.armed;
            button.textContent = button.dataset.text;
        }
    }

    vas.onClick("[data-review]", function (button) {
        const { review, group, camera, model, what } = button.dataset;
        const steps = {
            toggle: () => toggle(group),
            more: () => more(what, group),
            all: () => discard(button),
            cell: () => act("cell", { camera: camera, model: model }),
            group: () => act("group", { group: group }),
            found: () => act("found", {}),
            blocked: () => act("blocked", {}),
        };
        if (steps[review]) {
            steps[review]();
        }
    });

    vas.onPoll(function () {
        if (shown && vas.due("review-list.children")) {
            ask();
        }
    });

    vas.provide("vas_review", {
        /** Something that the review shows may have changed: ask for it, where it is on the screen. */
        ask: function (_view, _draft, _text, _kind, _model, by) {
            const here = vas.views.shows("review");
            if (here && !shown) {
                // What stood here the last time may be another draft.
                vas.clear("review-message", "review-head", "review-list", "review-note");
                vas.set("review-body", { hidden: true });
                vas.set("review-empty", { hidden: true });
                vas.set("review-shown", { data: null });
            }
            shown = here;
            if (here && by !== grouped) {
                grouped = by;
                unfolded.opened = null;
                unfolded.groups = PAGE;
            }
            if (here) {
                ask();
            }
        },

        /** The list was drawn: the keyboard is not lost with what was thrown away. */
        drawn: function () {
            if (acted && document.activeElement === document.body && shown) {
                document.getElementById("review-title").focus();
            }
            acted = false;
        },

        /** The link says how much is drafted. */
        counted: function (draft) {
            const count = (draft && (draft.count || draft.blocked)) || 0;
            return count ? "Review (" + count.toLocaleString("en") + ")" : "Review";
        },
    });
})();
