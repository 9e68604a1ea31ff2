/* The History view: its filters and the address, its buttons, and the focus when parts of it are
   drawn anew. The names in the address are those of vas_dash/pages/history/query.py. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const AGAIN_MS = 1000;
    const DAY = /^\d{4}-\d\d-\d\d$/;
    const FIELDS = {
        who: "history-who",
        camera: "history-camera",
        by_model: "history-model",
        since: "history-since",
        until: "history-until",
    };
    let filled = null;
    let drawn = null;

    /** The number of the change set that is shown, "" for the list; null: another view. */
    function shown() {
        return vas.views.shows("history") ? vas.views.steps()[1] || "" : null;
    }

    /** Set the fields to what the address says, once for each address. */
    function fill(search) {
        if (search === filled) {
            return;
        }
        filled = search;
        const fields = new URLSearchParams(search);
        Object.entries(FIELDS).forEach(function ([name, id]) {
            const text = fields.get(name) || "";
            const isUnfit = ["since", "until"].includes(name) && !DAY.test(text);
            vas.set(id, { value: isUnfit ? "" : text });
        });
    }

    function filter() {
        const fields = new URLSearchParams();
        Object.entries(FIELDS).forEach(function ([name, id]) {
            const text = (vas.props(id).value || "").trim();
            if (text) {
                fields.set(name, text);
            }
        });
        const text = fields.toString();
        vas.set("url", { search: text ? "?" + text : "" });
    }

    /** By how many minutes UTC is later where a day begins, here. */
    function utcLater(text, daysOn) {
        const day = new Date((text || "") + "T00:00");
        day.setDate(day.getDate() + daysOn);
        return Math.round(day.getTimezoneOffset()) || 0;
    }

    /** What to ask for: the list or a change set. A day of the address is one of this browser. */
    function ask(number, search) {
        const fields = new URLSearchParams(search);
        return {
            number: number || null,
            search: search || "",
            utc_later_min: [utcLater(fields.get("since"), 0), utcLater(fields.get("until"), 1)],
            n: Date.now(),
        };
    }

    vas.provide("vas_history", {
        /** What to ask the server for: the view, and how far the change set is that is followed. */
        ask: function (_view, search, _tick, done, running) {
            const nothing = window.dash_clientside.no_update;
            const number = shown();
            const again = done && done.again;
            if (again && again.ticket !== asked) {
                asked = again.ticket;
                tries = -1;
            }
            if (again && again.tries > tries) {
                tries = again.tries;
                window.setTimeout(() => vas.set("history-do", { data: again }), AGAIN_MS);
            }
            if (number === "") {
                fill(search || "");
            }
            if (number !== null && number !== drawn) {
                // What stands here is of another one.
                vas.clear("history-title", "history-head", "history-progress", "history-actions");
                vas.clear("history-body");
                vas.set("history-shown", { data: { of: "-", parts: {} } });
            }
            drawn = number === null ? drawn : number;
            const own = running && String(running.number) === number;
            if (own || (!running && number !== null)) {
                vas.set("running-line", { hidden: true });
            }
            return [
                number === null ? nothing : ask(number, search),
                running && !own ? { number: running.number, n: Date.now() } : nothing,
            ];
        },

        /** Whether the clock may stand still. */
        idle: function (running, what) {
            return !(running || (what && what.live && shown() !== null));
        },
    });

    vas.onPoll(function () {
        const isEmpty = (vas.props("history-shown").data || {}).of === "-";
        if (isEmpty && shown() !== null && vas.due("history-body.children")) {
            // The answer that was to stand here did not come.
            vas.set("history-ask", { data: ask(shown(), window.location.search) });
        }
    });

    const narrow = window.matchMedia("(max-width: 720px)");
    let asked = "";
    let tries = -1;

    document.addEventListener("submit", function (event) {
        if (event.target.id === "history-filters") {
            event.preventDefault();
            filter();
        }
    });

    vas.onClick("#view-history [data-do]", function (button) {
        vas.set("history-do", {
            data: {
                action: button.dataset.do,
                number: Number(button.dataset.number),
                replace: button.dataset.replace === "yes",
                n: Date.now(),
            },
        });
    });
    vas.onClick("[data-history='clear']", () => vas.set("url", { search: "" }));
    vas.onClick("#panel-history a", function () {
        if (narrow.matches) {
            // The panel would cover what the link leads to.
            vas.panel.close();
        }
    });

    // Dash draws a changed part anew: the focus is put back, or on the title where its place is gone.
    let focused = null;
    let observed = null;
    const view = () => document.getElementById("view-history");

    function selector(node) {
        const { keep, open, camera, model } = node.dataset;
        const quoted = (text) => JSON.stringify(text || "");
        if (keep) {
            return `[data-keep=${quoted(keep)}]`;
        }
        if (open) {
            return `[data-open][data-camera=${quoted(camera)}][data-model=${quoted(model)}]`;
        }
        return node.matches("a[href]") ? `a[href=${quoted(node.getAttribute("href"))}]` : null;
    }

    function restore() {
        if (focused && document.activeElement === document.body && !view().hidden) {
            const again = view().querySelector(focused);
            (again || document.getElementById("history-title")).focus({ preventScroll: true });
        }
    }

    const observer = new MutationObserver(restore);

    // Whoever presses elsewhere has left on purpose.
    document.addEventListener("pointerdown", function () {
        focused = null;
    }, true);

    document.addEventListener("focusin", function (event) {
        focused = event.target.closest("#view-history") ? selector(event.target) : null;
        if (focused && observed !== view()) {
            observed = view();
            observer.observe(observed, { childList: true, subtree: true });
        }
    });
})();
