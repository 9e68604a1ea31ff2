/* Times are written in UTC, and shown in the viewer's zone. Screen readers keep UTC. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const UTC_TIME = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC/;

    // Date and time of day in the viewer's zone: Swedish writes them as ISO 8601 does.
    const { format: local } = new Intl.DateTimeFormat("sv", {
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
    });

    /** The same element that `timed` in vas_dash/pages/parts.py makes. */
    function element(when) {
        const time = document.createElement("time");
        const utc = document.createElement("span");
        utc.textContent = time.title = when + " UTC";
        time.dateTime = when.replace(" ", "T") + "Z";
        time.append(utc);
        return time;
    }

    // In what is known of a cell a time stands here only: those in names and parameters are text.
    const BEFORE = "(?<=^(?:since |last seen (?:unassigned, )?|unknown: .*))";
    const OF_A_CELL = new RegExp(BEFORE + UTC_TIME.source, "m");

    /** Put a text into a node, its times as elements; `ofCell`: a text of `cell_tooltip`. */
    vas.tell = function (node, text, ofCell = false) {
        if (node.textContent !== text) {
            const parts = text.split(ofCell ? OF_A_CELL : UTC_TIME);
            node.replaceChildren(...parts.map((part, at) => (at % 2 ? element(part) : part)));
        }
    };

    const times = document.getElementsByTagName("time");

    /** Today's times go without the date. */
    function localise() {
        const today = local(new Date()).slice(0, 10);
        for (const time of times) {
            const moment = new Date(time.dateTime);
            // A text can hold what looks like a time and is none.
            if (Number.isNaN(moment.getTime())) {
                continue;
            }
            const text = local(moment);
            vas.put(time, "data-local", text.startsWith(today) ? text.slice(11) : text);
        }
    }

    new MutationObserver(localise).observe(document.documentElement, {
        attributeFilter: ["datetime"],
        childList: true,
        subtree: true,
    });
})();
