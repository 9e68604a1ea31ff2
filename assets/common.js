/* What the other scripts share (Dash loads them by name), the colour mode, and
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

    /** Set an attribute where it differs. */
    vas.put = function (node, name, value) {
        if (node.getAttribute(name) !== value) {
            node.setAttribute(name, value);
        }
    };

    const clicks = [];

    /** Have `act(node, event)` called for each click in a node that `selector` matches. */
    vas.onClick = function (selector, act) {
        clicks.push([selector, act]);
    };

    document.addEventListener("click", function (event) {
        clicks.forEach(function ([selector, act]) {
            const node = event.target.closest(selector);
            if (node) {
                act(node, event);
            }
        });
    });

    let moves = 0;
    ["pointerdown", "keydown"].forEach(function (kind) {
        document.addEventListener(kind, function (event) {
            if (kind === "pointerdown" || event.key === "Tab") {
                moves += 1;
            }
        }, true);
    });

    /** A place of the keyboard: asked later, whether nobody has moved it since. */
    vas.place = function () {
        const node = document.activeElement;
        const before = moves;
        return () =>
            moves === before &&
            (document.activeElement === node || document.activeElement === document.body);
    };

    /** Empty components that are about to show something else. */
    vas.clear = function (...ids) {
        ids.forEach((id) => vas.set(id, { children: [] }));
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

    const polls = [];
    let clock = null;

    /** Have `look` called whenever it is time to look for what has changed. */
    vas.onPoll = function (poll) {
        polls.push(poll);
    };

    function lookAround() {
        if (clock !== null && !document.hidden) {
            polls.forEach((poll) => poll());
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
