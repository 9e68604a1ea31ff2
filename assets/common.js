/* What the other scripts share (Dash loads them by name, so this one first), the colour mode, and
   the clock, which stands still while the tab is hidden. */
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
    const onTheirWay = new Map();
    const send = window.fetch;

    // Dash tells that a callback has ended, but not whether it was one that the next had overtaken.
    window.fetch = function (...request) {
        const sent = send.apply(window, request);
        const [resource, options] = request;
        const body = (options && options.body) || "";
        if (String(resource).includes("_dash-update-component") && typeof body === "string") {
            const [, outputs] = body.match(/^\{"output":"([^"]*)"/) || [];
            const end = () => onTheirWay.delete(sent);
            onTheirWay.set(sent, { outputs: outputs || "", since: Date.now() });
            sent.then(end, end);
        }
        return sent;
    };

    /**
     * Whether to ask for `output` again: an answer that is still on its way would be dropped for the
     * next one, and where answers take longer than the time between two polls, none would ever
     * come. After a while it is asked all the same: the connection may be dead.
     */
    vas.due = function (output) {
        const now = Date.now();
        return ![...onTheirWay.values()].some(
            (one) => one.outputs.includes(output) && now - one.since < PATIENCE_MS,
        );
    };

    function told(isAnswered) {
        const notice = document.getElementById("no-answer");
        if (notice && notice.hidden !== isAnswered) {
            notice.hidden = isAnswered;
        }
    }

    /** Ask the page's server at `path`; null where no answer came, which the page then says. */
    vas.ask = function (path, what) {
        const request = {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(what),
            signal: AbortSignal.timeout(PATIENCE_MS),
        };
        return window.fetch(vas.views.root() + path, request).then(
            function (answer) {
                told(true);
                return answer;
            },
            function () {
                told(false);
                return null;
            },
        );
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

    const looks = [];
    let clock = null;

    /** Have `look` called whenever it is time to look for what has changed. */
    vas.onLook = function (look) {
        looks.push(look);
    };

    function lookAround() {
        if (clock !== null && !document.hidden) {
            looks.forEach((look) => look());
        }
    }

    document.addEventListener("visibilitychange", lookAround);

    vas.provide("vas_clock", {
        /** Dash is there now. Its own clock would have every component hear of each tick. */
        start: function (everyMs) {
            window.clearInterval(clock);
            clock = window.setInterval(lookAround, everyMs);
        },
    });
})();
