/* The grid's roles, names, keys and clicks, which its table does not have.
   https://www.w3.org/WAI/ARIA/apg/patterns/grid/ */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const STATES = { "\u25cf": "on", "\u25cb": "off", "\u2013": "unassigned", "?": "unknown" };
    const HEAD = "";
    const REST_MS = 250;

    // Where the keyboard stands: a camera's id (HEAD: the heading) and a column's id.
    const place = { camera: null, column: "camera" };
    let focused = false;
    let arriving = null;
    let hovered = null;
    let timer = 0;
    let clicked = null;

    const table = vas.table("grid");

    // The table's columns of models go by number, and everything else by the models' ids.
    const models = () => (vas.props("rendered").data || {}).models || [];
    const NUMBER = /^m(\d+)$/;

    function columnOf(node, ids) {
        const column = table.columnOf(node);
        const number = NUMBER.exec(column);
        return number ? "m:" + ids[Number(number[1])] : column;
    }

    function tableColumn(column) {
        return isModel(column) ? "m" + models().indexOf(column.slice(2)) : column;
    }

    /** Which camera (HEAD: none) and column a cell of the table is. */
    function identity(node) {
        const data = vas.props("grid").data || [];
        const row = table.rowOf(node);
        const record = row === null ? null : data[row];
        return { camera: record ? record.id : HEAD, column: columnOf(node, models()) };
    }

    function isModel(column) {
        return column.startsWith("m:");
    }

    function columnName(column) {
        const id = tableColumn(column);
        const found = (vas.props("grid").columns || []).find((entry) => entry.id === id);
        return found ? found.name : column;
    }

    function find(camera, column) {
        const data = vas.props("grid").data || [];
        const row = camera === HEAD ? null : data.findIndex((record) => record.id === camera);
        return row === -1 ? null : table.find(row, tableColumn(column));
    }

    // What each cell of the table was last told; only what differs is told again.
    const told = new WeakMap();

    function decorate() {
        const shown = vas.props("rendered").data || {};
        const data = vas.props("grid").data || [];
        const grid = table.element();
        if (!grid) {
            return;
        }
        const first = ((shown.page || 1) - 1) * (shown.page_size || 50);
        const order = vas.address.sorted();
        const ids = models();
        vas.put(grid, "role", "grid");
        vas.put(grid, "aria-label", "AI models by camera");
        vas.put(grid, "aria-multiselectable", "true");
        vas.put(grid, "aria-rowcount", String((shown.found || 0) + 1));
        grid.removeAttribute("tabindex");
        table.rows().forEach(function (row, position) {
            vas.put(row, "role", "row");
            vas.put(row, "aria-rowindex", String(position === 0 ? 1 : first + position + 1));
            const record = position === 0 ? null : data[position - 1];
            table.cells(row).forEach(function (node) {
                const column = columnOf(node, ids);
                if (record) {
                    decorateCell(node, column, record);
                } else {
                    decorateHead(node, column, order, (shown.closed || []).includes(column));
                }
            });
        });
        settleFocus();
    }

    /** Whether this is news to the cell. */
    function news(node, text) {
        if (told.get(node) === text) {
            return false;
        }
        told.set(node, text);
        return true;
    }

    function decorateHead(node, column, order, closed) {
        const arrow = order.descending ? "descending" : "ascending";
        const sorted = order.column === column ? arrow : "none";
        if (news(node, [column, sorted, closed].join("\n"))) {
            node.tabIndex = -1;
            node.dataset.column = column;
            node.setAttribute("role", "columnheader");
            node.setAttribute("aria-sort", sorted);
            node.toggleAttribute("data-closed", closed);
        }
    }

    function decorateCell(node, column, record) {
        if (!isModel(column)) {
            if (news(node, column)) {
                node.tabIndex = -1;
                node.dataset.column = column;
                node.setAttribute("role", column === "camera" ? "rowheader" : "gridcell");
            }
            return;
        }
        const { model, text, held } = content(column, record, table.columnOf(node));
        const after = vas.drafts.after(record.id, model, held);
        const selected = vas.selection.has(record.id, model);
        if (!news(node, [column, text, after, selected].join("\n"))) {
            return;
        }
        node.tabIndex = node.tabIndex === 0 ? 0 : -1;
        node.dataset.column = column;
        node.dataset.state = STATES[text.charAt(0)] || "unknown";
        node.dataset.short = short(text);
        node.setAttribute("role", "gridcell");
        node.setAttribute("aria-selected", String(selected));
        // The name of the column comes with the heading; the shape says nothing when it is read out.
        let name = text.slice(2);
        if (after) {
            node.dataset.after = after;
            node.dataset.shortAfter = short(after);
            node.dataset.draft = after.charAt(0) === "!" ? "blocked" : "change";
            name += ", drafted: " + after.slice(2);
        } else {
            delete node.dataset.after;
            delete node.dataset.shortAfter;
            delete node.dataset.draft;
        }
        node.setAttribute("aria-label", name);
    }

    /** A cell's text where there is little room: its mark, and its fps where set. */
    function short(text) {
        const fps = /(\d+) fps/.exec(text);
        return text.charAt(0) + (fps ? "\u2009" + fps[1] : "");
    }

    /** What the server says of a cell: its text, and what it is drafted to become. */
    function content(column, record, id) {
        const text = record[id] || "\u2013 unassigned";
        return { model: column.slice(2), text: text, held: record["d" + id.slice(1)] || "" };
    }

    /** Show one cell anew, where it is on the page. */
    function redraw(camera, column) {
        const node = find(camera, column);
        const record = (vas.props("grid").data || []).find((row) => row.id === camera);
        if (node && record) {
            decorateCell(node, column, record);
        }
    }

    /** One Tab stop; the focus stays with its camera and column when rows move. */
    function settleFocus() {
        const data = vas.props("grid").data || [];
        const page = (vas.props("rendered").data || {}).page;
        if (arriving && arriving.page === page && data.length) {
            place.camera = data[arriving.at === "last" ? data.length - 1 : 0].id;
            arriving = null;
        }
        let stop = place.camera === null ? null : find(place.camera, place.column);
        if (!stop || !table.shows(stop)) {
            stop = table.first();
        }
        if (!stop) {
            return;
        }
        table.setStop(stop);
        const active = document.activeElement;
        const lost = active === document.body || (table.cellAt(active) && active !== stop);
        if (focused && lost) {
            stop.focus({ preventScroll: true });
        }
    }

    /** The keyboard stands here now: this cell is the Tab stop. */
    function settleAt(node) {
        const at = identity(node);
        if (at.camera !== place.camera || at.column !== place.column) {
            vas.drafts.unnote();
        }
        Object.assign(place, at);
        table.setStop(node);
    }

    function focus(node) {
        if (!node) {
            return;
        }
        settleAt(node);
        node.focus();
        node.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    /** Move to a cell; true when it is another one. */
    function move(from, target) {
        if (!target || target === from) {
            return false;
        }
        focus(target);
        return true;
    }

    function flip(to) {
        const page = vas.address.page(to);
        arriving = page ? { page: page, at: to === "next" ? "first" : "last" } : null;
    }

    function onKey(node, event) {
        hideTooltip();
        const ends = event.ctrlKey || event.metaKey;
        const moves = table.moves(node, event, (target) => move(node, target));
        if (event.key.startsWith("Arrow") && event.shiftKey && !ends && !event.altKey) {
            event.preventDefault();
            extend(node, moves[event.key]);
            return;
        }
        if (event.key.startsWith("Arrow")) {
            vas.selection.start();
        }
        const steps = {
            ...moves,
            PageUp: () => moves.PageUp() || flip("previous"),
            PageDown: () => moves.PageDown() || flip("next"),
            Enter: () => (ends ? vas.drafts.review() : open(node)),
            " ": () => toggle(node),
            Delete: () => drop(node),
            Backspace: () => drop(node),
            Escape: () => leave(),
        };
        if (ends && event.key.toLowerCase() === "a") {
            steps[event.key] = () => vas.selection.all();
        } else if (!ends && event.key.toLowerCase() === "x") {
            steps[event.key] = () => select(node);
        }
        const step = steps[event.key];
        if (step && !event.altKey) {
            event.preventDefault();
            step();
        }
    }

    function open(node) {
        const at = identity(node);
        if (at.camera !== HEAD) {
            Object.assign(place, at);
            if (isModel(at.column)) {
                vas.panel.open("cell", at.camera, at.column.slice(2));
            } else {
                vas.panel.open("camera", at.camera, "");
            }
        } else if (isModel(at.column)) {
            vas.panel.open("model", "", at.column.slice(2));
        } else {
            sort(at.column);
        }
    }

    function sort(column) {
        // The summary is no order of its own.
        vas.address.sort(column === "summary" ? "camera" : column);
    }

    function toggle(node) {
        const at = identity(node);
        if (at.camera === HEAD) {
            sort(at.column);
        } else if (isModel(at.column)) {
            vas.drafts.toggle(at.camera, at.column.slice(2));
        }
    }

    function drop(node) {
        const at = identity(node);
        if (at.camera !== HEAD && isModel(at.column)) {
            vas.drafts.drop(at.camera, at.column.slice(2));
        }
    }

    /** A place of the grid as the selection knows it: heads have no camera, or no model. */
    function spotOf(at) {
        return { camera: at.camera, model: isModel(at.column) ? at.column.slice(2) : "" };
    }

    const spot = (node) => spotOf(identity(node));

    function select(node) {
        const at = spot(node);
        vas.selection.toggle(at.camera, at.model);
    }

    /** Move, and select from where that began. */
    function extend(node, go) {
        const from = spot(node);
        go();
        const to = spot(document.activeElement);
        if (from.camera !== HEAD && to.camera !== HEAD) {
            vas.selection.extend(from, to);
        }
    }

    function leave() {
        if (!vas.panel.close()) {
            focused = false;
            document.getElementById("filter-text").focus();
        }
    }

    function onClick(node, event) {
        hideTooltip();
        clicked = { x: event.clientX, y: event.clientY };
        if (String(window.getSelection()) && !event.shiftKey) {
            return;
        }
        const from = place.camera === null ? null : spotOf(place);
        focus(node);
        if (event.shiftKey && identity(node).camera !== HEAD) {
            vas.selection.extend(from && from.camera ? from : spot(node), spot(node));
            return;
        }
        if (event.ctrlKey || event.metaKey) {
            select(node);
            return;
        }
        vas.selection.start();
        if (event.target.closest(".column-actions")) {
            sort(identity(node).column);
        } else {
            open(node);
        }
    }

    /* The tooltip: asked for when the pointer or the keyboard rests on a cell. */

    function rest(node) {
        window.clearTimeout(timer);
        const at = identity(node);
        if (hovered && hovered.node === node) {
            return;
        }
        hideTooltip();
        if (at.camera === HEAD && !isModel(at.column)) {
            return;
        }
        timer = window.setTimeout(function () {
            const model = isModel(at.column) ? at.column.slice(2) : "";
            const kind = at.camera === HEAD ? "model" : model ? "cell" : "camera";
            hovered = { node: node, camera: at.camera, model: model };
            vas.set("tooltip-request", {
                data: { kind: kind, camera: at.camera, model: model, n: Date.now() },
            });
        }, REST_MS);
    }

    function hideTooltip() {
        window.clearTimeout(timer);
        const tip = document.getElementById("cell-tooltip");
        if (hovered) {
            hovered.node.removeAttribute("aria-describedby");
        }
        hovered = null;
        if (tip) {
            tip.hidden = true;
        }
    }

    function showTooltip(answer) {
        const tip = document.getElementById("cell-tooltip");
        const wanted =
            hovered &&
            answer &&
            answer.text &&
            hovered.camera === answer.camera &&
            hovered.model === answer.model &&
            hovered.node.isConnected;
        if (!wanted) {
            return;
        }
        vas.tell(tip, answer.text, true);
        tip.hidden = false;
        const box = hovered.node.getBoundingClientRect();
        const own = tip.getBoundingClientRect();
        const below = box.bottom + own.height + 4 < window.innerHeight;
        tip.style.left = Math.max(4, Math.min(box.left, window.innerWidth - own.width - 8)) + "px";
        tip.style.top = (below ? box.bottom : Math.max(4, box.top - own.height)) + "px";
        hovered.node.setAttribute("aria-describedby", "cell-tooltip");
    }

    function onPointer(event) {
        if (clicked && clicked.x === event.clientX && clicked.y === event.clientY) {
            // The grid moved under a pointer that rests since its click.
            return;
        }
        clicked = null;
        const node = table.cellAt(event.target);
        if (node) {
            rest(node);
        } else if (!(event.target.closest && event.target.closest("#cell-tooltip"))) {
            if (hovered && hovered.node !== document.activeElement) {
                hideTooltip();
            } else {
                window.clearTimeout(timer);
            }
        }
    }

    table.on({
        keydown: onKey,
        click: onClick,
        mousedown: function (_node, event) {
            if (event.shiftKey) {
                // The browser would mark the text between.
                event.preventDefault();
            }
        },
    });
    document.addEventListener("mouseover", onPointer);
    document.addEventListener("focusin", function (event) {
        const cell = table.cellAt(event.target);
        focused = Boolean(cell);
        if (cell && cell !== event.target) {
            focus(cell);
        } else if (cell) {
            settleAt(cell);
            rest(cell);
        } else {
            hideTooltip();
        }
    });
    document.addEventListener("pointerdown", function (event) {
        // A click beside the grid leaves it, though nothing else takes the focus.
        if (!table.cellAt(event.target)) {
            focused = false;
        }
    }, true);
    document.addEventListener("focusout", function (event) {
        // A cell that a refresh took away leaves no new target: the focus is to come back.
        if (event.relatedTarget && !event.relatedTarget.closest("#grid")) {
            focused = false;
        }
    });
    window.addEventListener("scroll", hideTooltip, true);

    /** Put the lines of text around the grid in their places. */
    function tell(texts) {
        Object.entries(texts).forEach(function ([id, text]) {
            vas.tell(document.getElementById(id), text);
        });
    }

    vas.grid = {
        decorate: decorate,
        redraw: redraw,
        models: models,
        /** The ids of the cameras on this page, from top to bottom. */
        cameras: () => (vas.props("grid").data || []).map((record) => record.id),
        /** What stands in a cell of this page; null where it is not on it. */
        cell: function (camera, model) {
            const column = "m:" + model;
            const record = (vas.props("grid").data || []).find((row) => row.id === camera);
            if (!record || !models().includes(model)) {
                return null;
            }
            const { text, held } = content(column, record, tableColumn(column));
            return {
                camera,
                model,
                held,
                state: STATES[text.charAt(0)] || "unknown",
                closed: ((vas.props("rendered").data || {}).closed || []).includes(column),
                title: columnName(column) + " on " + record.camera,
            };
        },
        /** The grid is shown: draw it, where the page began with the overview. */
        opened: function () {
            if ((vas.props("rendered").data || {}).digest === "") {
                change();
            }
        },
        /** Put the keyboard back to where it was in the grid. */
        refocus: function () {
            const stop = table.stop();
            if (stop) {
                stop.focus();
            }
        },
    };

    let found = 0;
    let looking = false;

    // Dash is asked for the grid where there is something to draw, and where that was not told.
    vas.onPoll(function () {
        if (looking || !vas.due("rendered.data")) {
            return;
        }
        looking = true;
        const shown = vas.props("rendered").data || {};
        const asked = {
            search: vas.props("url").search || "",
            recent: vas.props("recent").data || [],
            draft: vas.props("draft").data,
            digest: shown.digest || "",
            taken_ms: shown.taken_ms || 0,
            taken_by: shown.taken_by || "",
        };
        vas.ask("poll", asked).then(function (answer) {
            looking = false;
            if (document.hidden) {
                return;
            }
            if (answer && ![204, 401].includes(answer.status) && vas.due("rendered.data")) {
                change();
            }
        });
    });

    /** Have what the fleet looks like drawn anew. */
    function change() {
        found += 1;
        vas.set("changed", { data: found });
    }

    vas.provide("vas_grid", {
        /** The grid was drawn, or is about to be. */
        rendered: function (shown) {
            tell((shown && shown.texts) || {});
            if (shown && shown.options && shown.options !== vas.props("options").data) {
                vas.set("options", { data: shown.options });
            }
            vas.density.fit(((shown && shown.models) || []).length);
            const left = vas.overview.begin(shown && shown.large);
            if (shown && shown.digest === "" && !left && vas.views.steps()[0] !== "overview") {
                change();
            }
            vas.drafts.drawn(shown && shown.draft);
            table.watch(decorate);
        },
        tooltip: showTooltip,
    });
})();
