/* What the other scripts share (Dash loads them by name, so this one first), the colour mode, and
   the pause while the tab is hidden. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});

    /** The properties of a component as the page holds them now. */
    vas.props = function (id) {
        const api = window.dash_component_api;
        const layout = api && api.getLayout(id);
        return (layout && layout.props) || {};
    };

    /** Change properties of a component, as if a callback had. */
    vas.set = function (id, props) {
        window.dash_clientside.set_props(id, props);
    };

    /** Add functions that callbacks call by name. */
    vas.provide = function (namespace, functions) {
        window.dash_clientside = window.dash_clientside || {};
        window.dash_clientside[namespace] = functions;
    };

    const PATIENCE_MS = 10 * 1000;
    const waiting = {};

    /**
     * Whether to ask again: an answer that is still on its way would be dropped for the next one,
     * and where answers take longer than the time between two polls, none would ever come. `busy`
     * names the store that is true meanwhile. After a while it is asked all the same: the
     * connection may be dead.
     */
    vas.due = function (busy) {
        if (!vas.props(busy).data) {
            delete waiting[busy];
            return true;
        }
        waiting[busy] = waiting[busy] || Date.now();
        if (Date.now() - waiting[busy] < PATIENCE_MS) {
            return false;
        }
        delete waiting[busy];
        return true;
    };

    const KEPT_MS = 3 * 60 * 1000;

    /** Remember cells that this browser's own changes have shown, until a later sweep has them. */
    vas.learn = function (entries) {
        if (!entries || !entries.length) {
            return;
        }
        const same = (a, b) => a.camera === b.camera && a.model === b.model;
        const kept = (vas.props("recent").data || []).filter(
            (old) =>
                Date.now() - Date.parse(old.until) < KEPT_MS &&
                !entries.some((entry) => same(entry, old)),
        );
        vas.set("recent", { data: kept.concat(entries) });
    };

    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    function colour() {
        document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
    }
    colour();
    dark.addEventListener("change", colour);

    document.addEventListener("visibilitychange", function () {
        const poll = vas.props("poll");
        if (document.hidden) {
            vas.set("poll", { disabled: true });
        } else {
            vas.set("poll", { disabled: false, n_intervals: (poll.n_intervals || 0) + 1 });
        }
    });
})();
