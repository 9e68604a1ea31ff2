/* The overview: a bar for each location and model, its keys and clicks, and when it is asked for. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const place = { row: "all", column: "location" };
    const table = vas.table("overview");
    const isShown = () => vas.views.shows("overview");
    const shown = () => vas.props("overview-shown").data || {};
    const data = () => vas.props("overview").data || [];

    // How many cells are selected, by row and model.
    let selected = {};

    /** Which row (null: the heading) and which model (null: none) a cell stands for. */
    function identity(node) {
        const number = /^m(\d+)$/.exec(table.columnOf(node));
        const row = table.rowOf(node);
        return {
            row: row === null ? null : data()[row],
            // While columns come anew their models may not be known yet.
            model: number ? ((shown().models || [])[Number(number[1])] || "m:").slice(2) : null,
            number: number ? number[1] : null,
        };
    }

    const locationOf = (row) => (row && row.id.startsWith("at:") ? row.id.slice(3) : null);

    function decorate() {
        table.rows().forEach(function (row, position) {
            table.cells(row).forEach((node) => decorateCell(node, position));
        });
        const grid = table.element();
        if (grid) {
            grid.setAttribute("role", "grid");
            grid.setAttribute("aria-label", "AI models by location");
            grid.removeAttribute("tabindex");
        }
        settle();
    }

    function decorateCell(node, position) {
        const column = table.columnOf(node);
        vas.put(node, "data-column", column);
        const at = identity(node);
        if (position === 0) {
            const sorted = vas.address.sorted();
            const mine = at.model === null ? sorted.column === column : sorted.column === "m:" + at.model;
            vas.put(node, "role", "columnheader");
            vas.put(node, "aria-sort", mine ? (sorted.descending ? "descending" : "ascending") : "none");
        } else if (at.model === null) {
            vas.put(node, "role", column === "location" ? "rowheader" : "gridcell");
        } else if (at.row) {
            drawBar(node, at);
        }
        if (!node.hasAttribute("tabindex") || node.tabIndex > 0) {
            node.tabIndex = -1;
        }
    }

    /** A bar of the four states, and the same as text. */
    function drawBar(node, at) {
        const [on, off, unassigned, unknown] = at.row["n" + at.number] || [0, 0, 0, 0];
        const all = on + off + unassigned + unknown || 1;
        const after = at.row["d" + at.number];
        const chosen = (selected[at.row.id] || {})[at.model] || 0;
        const text = [at.row["m" + at.number]];
        if (after !== undefined) {
            text.push(`drafted: ${after} on`);
        }
        if (chosen) {
            text.push(`${chosen} selected`);
        }
        vas.put(node, "role", "gridcell");
        vas.put(node, "aria-label", text.join(", "));
        vas.put(node, "title", text.join(", "));
        vas.put(node, "aria-selected", String(chosen > 0 && chosen >= all));
        node.toggleAttribute("data-some", chosen > 0 && chosen < all);
        vas.put(node, "data-short", short(on, off, unknown, after));
        node.toggleAttribute("data-draft", after !== undefined);
        vas.put(node, "data-on-after", after === undefined ? "" : ` \u2192 ${after} on`);
        [["--on", on], ["--off", on + off], ["--known", on + off + unassigned]].forEach(
            ([name, number]) => node.style.setProperty(name, (100 * number) / all + "%"),
        );
    }

    /** Where there is little room: how many are on, off and unknown, or on before and after. */
    function short(on, off, unknown, after) {
        if (after !== undefined) {
            return `${on}\u2192${after}`;
        }
        const marked = [["", on], ["\u25cb", off], ["?", unknown]];
        const shown = marked.filter(([, number]) => number).map(([mark, number]) => mark + number);
        // The sign of what is unassigned, where nothing else is known of any cell.
        return shown.join("\u2009") || "\u00b7";
    }

    /** One Tab stop, where the keyboard was last. */
    function settle() {
        const row = data().findIndex((record) => record.id === place.row);
        const at = place.row === null ? null : row;
        const stop = (at === -1 ? null : table.find(at, place.column)) || table.first();
        if (stop) {
            table.setStop(stop);
        }
    }

    function focus(node) {
        const at = identity(node);
        Object.assign(place, { row: at.row ? at.row.id : null, column: table.columnOf(node) });
        settle();
        node.focus();
        node.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    /** Sort by a heading; else the grid, with the cameras of the location and the model. */
    function open(node) {
        const at = identity(node);
        if (!at.row) {
            const column = at.model === null ? table.columnOf(node) : "m:" + at.model;
            vas.address.sort(column === "cameras" ? "camera" : column);
            return;
        }
        const fields = new URLSearchParams(window.location.search);
        ["page", "sort"].forEach((name) => fields.delete(name));
        if (locationOf(at.row) !== null) {
            fields.delete("loc");
            fields.append("loc", locationOf(at.row));
        }
        if (at.model !== null) {
            fields.delete("model");
            fields.append("model", at.model);
        }
        const search = fields.toString();
        vas.set("url", { pathname: vas.views.root() + "grid", search: search ? "?" + search : "" });
    }

    /** All cells that a cell of the overview stands for. */
    function select(node) {
        const at = identity(node);
        vas.selection.find(at.model || "", locationOf(at.row));
    }

    table.on({
        keydown: function (node, event) {
            const steps = {
                ...table.moves(node, event, focus),
                Enter: () => (event.ctrlKey || event.metaKey ? vas.drafts.review() : open(node)),
                x: () => select(node),
            };
            const step = steps[event.key];
            if (step && !event.altKey) {
                event.preventDefault();
                step();
            }
        },
        click: function (node, event) {
            focus(node);
            if (event.ctrlKey || event.metaKey) {
                select(node);
            } else {
                open(node);
            }
        },
    });

    let asked = 0;
    let polling = false;
    let begun = false;

    function ask(polled) {
        asked += 1;
        return { search: vas.props("url").search || "", polled: polled, n: asked };
    }

    vas.onPoll(function () {
        if (!isShown() || polling || !vas.due("overview-shown.data")) {
            return;
        }
        polling = true;
        const what = {
            view: "overview",
            search: vas.props("url").search || "",
            recent: vas.props("recent").data || [],
            draft: vas.props("draft").data,
            digest: shown().digest || "",
            taken_ms: shown().taken_ms || 0,
            taken_by: shown().taken_by || "",
        };
        vas.ask("poll", what).then(function (answer) {
            polling = false;
            if (answer && answer.status === 200 && isShown() && !document.hidden) {
                vas.set("overview-ask", { data: ask(true) });
            }
        });
    });

    function mark(counts) {
        selected = counts;
        if (isShown() && table.frame()) {
            decorate();
        }
    }

    vas.overview = {
        /**
         * The grid was drawn. A large fleet begins with its overview: once, and at the page's root.
         * Says whether it does.
         */
        begin: function (isLarge) {
            if (begun || typeof isLarge !== "boolean") {
                return false; // while not all cameras are known it may be one
            }
            begun = true;
            const atRoot = !vas.views.steps().length && !window.location.search;
            if (isLarge && atRoot) {
                vas.set("url", { pathname: vas.views.root() + "overview" });
            }
            return isLarge && atRoot;
        },
    };

    vas.onClick("#nav-grid", function () {
        begun = true;
    });

    vas.provide("vas_overview", {
        /** The address, a cell or the draft changed: ask, while the overview is shown. */
        ask: function () {
            return isShown() ? ask(false) : window.dash_clientside.no_update;
        },

        /** The selection or the overview changed: ask where the selected cells are. */
        count: function (parts, _asked) {
            if (isShown() && parts && parts.length) {
                return ++asked;
            }
            mark({});
            return window.dash_clientside.no_update;
        },

        /** Where the selected cells are. */
        selected: function (counts) {
            mark((vas.props("selection").data || []).length ? counts || {} : {});
        },

        /** It was drawn, or is about to be. */
        drawn: function () {
            table.watch(decorate);
            if (shown().frame && !shown().digest && isShown()) {
                // What fills the screen is to be seen before the rest is drawn.
                window.requestAnimationFrame(() =>
                    window.setTimeout(() => vas.set("overview-ask", { data: ask(true) })),
                );
            }
        },
    });
})();
