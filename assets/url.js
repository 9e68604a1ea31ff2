/* The address holds the view: controls write it, it sets the controls, Back works.
   The names of its parts are those of vas_dash/fleet/query.py. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const ANY = "any";
    const choice = (value) => (!value || value === ANY ? "" : value);
    let written = null;
    let inStep = false;

    function defaultSize() {
        return String((vas.props("rendered").data || {}).default_page_size || 50);
    }

    function current() {
        const search = vas.props("url").search;
        return typeof search === "string" ? search : window.location.search;
    }

    function read(search) {
        const fields = new URLSearchParams(search);
        return {
            q: fields.get("q") || "",
            loc: fields.getAll("loc"),
            model: fields.getAll("model"),
            state: fields.get("state") || "",
            of: fields.get("of") || "",
            sort: fields.get("sort") || "camera",
            page: Math.max(1, parseInt(fields.get("page"), 10) || 1),
            size: fields.get("size") || defaultSize(),
        };
    }

    function format(view) {
        const fields = new URLSearchParams();
        if (view.q) {
            fields.set("q", view.q);
        }
        view.loc.forEach((location) => fields.append("loc", location));
        view.model.forEach((model) => fields.append("model", model));
        if (view.state) {
            fields.set("state", view.state);
            if (view.of) {
                fields.set("of", view.of);
            }
        }
        if (view.sort !== "camera") {
            fields.set("sort", view.sort);
        }
        if (view.page > 1) {
            fields.set("page", String(view.page));
        }
        if (view.size !== defaultSize()) {
            fields.set("size", view.size);
        }
        const text = fields.toString();
        return text ? "?" + text : "";
    }

    function write(view) {
        const search = format(view);
        if (search !== format(read(current()))) {
            written = search;
            vas.set("url", { search: search });
        }
    }

    function label(id, name, chosen) {
        vas.set(id, { children: name + ": " + (chosen.length ? chosen.length + " chosen" : "all") });
    }

    function labels(view) {
        label("filter-locations-label", "Locations", view.loc);
        label("filter-models-label", "Models", view.model);
    }

    /** Show the view of `search`, as a link or Back would. */
    function open(search) {
        vas.set("url", { search: search });
    }

    /** Go to a page: "first", "previous", "next", "last". Returns its number; 0 if it is shown already. */
    function page(to) {
        const shown = vas.props("rendered").data || {};
        const view = read(current());
        const targets = {
            first: 1,
            previous: shown.page - 1,
            next: shown.page + 1,
            last: shown.pages,
        };
        const target = Math.min(Math.max(1, targets[to]), shown.pages || 1);
        if (target === shown.page) {
            return 0;
        }
        write({ ...view, page: target });
        return target;
    }

    /** Sort by a column; again: the other way round. */
    function sort(column) {
        const view = read(current());
        write({ ...view, sort: view.sort === column ? "-" + column : column, page: 1 });
    }

    /** Which column the view is sorted by, and which way. */
    function sorted() {
        const text = read(current()).sort;
        return { column: text.replace(/^-/, ""), descending: text.startsWith("-") };
    }

    function clear() {
        const view = read(current());
        open(format({ ...view, q: "", loc: [], model: [], state: "", of: "", page: 1 }));
    }

    vas.address = { open: open, page: page, sort: sort, sorted: sorted, clear: clear };

    vas.provide("vas_address", {
        /** A control was used: say so in the address. */
        fromControls: function (text, locations, models, state, of, size) {
            if (!inStep) {
                return;
            }
            const before = read(current());
            const view = {
                ...before,
                q: (text || "").trim(),
                loc: locations || [],
                model: models || [],
                state: choice(state),
                of: choice(of),
                size: size || before.size,
            };
            if (!view.state) {
                view.of = "";
            }
            const filters = (some) => JSON.stringify({ ...some, page: 0 });
            if (filters(view) !== filters(before)) {
                view.page = 1;
                write(view);
                labels(view);
            }
        },

        /** The address came from elsewhere (a link, Back): set the controls to it. */
        toControls: function (search) {
            const view = read(search || "");
            labels(view);
            if (inStep && search === written) {
                return;
            }
            written = null;
            const controls = {
                "filter-text": view.q,
                "filter-locations": view.loc,
                "filter-models": view.model,
                "filter-state": view.state || ANY,
                "filter-state-of": view.of || ANY,
                "page-size": view.size,
            };
            Object.entries(controls).forEach(([id, value]) => vas.set(id, { value: value }));
            inStep = true;
        },

        /** The models to choose from came, or changed: show the one that the address names. */
        offered: function () {
            vas.set("filter-state-of", { value: read(current()).of || ANY });
        },
    });

    vas.onClick("[data-page]", (button) => page(button.dataset.page));
    vas.onClick("#filter-clear", () => clear());
    vas.onClick("a[data-search]", function (link, event) {
        event.preventDefault();
        open(link.dataset.search);
    });
})();
