/* Drafts: what a key drafts shows at once, and waits here until the server has it in the draft. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const WAITING = "vas-waiting";
    const AGAIN_MS = 3000;
    const LOST_MS = 15000;
    const key = (camera, model) => camera + "\n" + model;

    // Cells that the grid shows otherwise than the server's rows: {camera, model, enabled (null: no
    // longer drafted), had (whether the draft held it), n, revision (of the draft that holds it)}.
    let waiting = new Map();
    let clearing = null;
    let sent = null;
    let error = "";
    let madeId = "";
    let numbers = 0;

    // Cells that are applied at once, one after the other: {camera, model, enabled, n}.
    const queue = [];
    let applying = null;
    // Applied, and not drawn yet.
    let applied = null;
    let noted = false;
    let clock = 0;

    function remember() {
        const cells = Array.from(waiting.values()).filter((entry) => !entry.revision);
        try {
            sessionStorage.setItem(WAITING, JSON.stringify(cells));
        } catch {
            // Without storage it lasts as long as the page.
        }
    }

    function recall() {
        try {
            JSON.parse(sessionStorage.getItem(WAITING) || "[]").forEach(function (entry) {
                waiting.set(key(entry.camera, entry.model), { ...entry, n: ++numbers });
            });
        } catch {
            waiting = new Map();
        }
    }

    function stored() {
        try {
            return JSON.parse(localStorage.getItem("draft")) || {};
        } catch {
            return {};
        }
    }

    /** The draft that this browser works on: by an id that nobody else can guess. */
    function ref() {
        const known = vas.props("draft").data || stored();
        if (!known.id && !madeId) {
            const bytes = window.crypto.getRandomValues(new Uint8Array(16));
            madeId = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
        }
        return { id: known.id || madeId };
    }

    function say(text) {
        const said = vas.props("draft-message").children;
        noted = false;
        if (text || (said && said.length !== 0)) {
            vas.set("draft-message", { children: text });
            bar(text);
        }
    }

    /** Say why nothing was drafted, until the cell is left. */
    function note(text) {
        say(text);
        noted = true;
    }

    /** What a cell is to become, as the grid shows it: "" for nothing. `held`: by the server. */
    function after(camera, model, held) {
        const single = [applying, applied, ...queue].find(
            (one) => one && same(one, camera, model));
        const entry = single || waiting.get(key(camera, model));
        if (!entry) {
            return clearing ? "" : held;
        }
        if (entry.enabled === null) {
            return "";
        }
        return entry.enabled ? "\u25cf on" : "\u25cb off";
    }

    const same = (entry, camera, model) => entry.camera === camera && entry.model === model;

    function put(cell, enabled) {
        const before = waiting.get(key(cell.camera, cell.model));
        let had = Boolean(cell.held);
        if (before) {
            had = before.revision ? before.enabled !== null : before.had;
        }
        const entry = { camera: cell.camera, model: cell.model, enabled, had, n: ++numbers };
        if (enabled === null && !had && !(sent && before && sent.cells.includes(before))) {
            // It was never sent.
            waiting.delete(key(cell.camera, cell.model));
        } else {
            waiting.set(key(cell.camera, cell.model), entry);
        }
        changed(cell.camera, cell.model);
    }

    function changed(camera, model) {
        vas.grid.redraw(camera, "m:" + model);
        remember();
        bar();
        flush();
    }

    /** Draft the other state of a cell; drafted already: take the draft back. */
    function toggle(camera, model) {
        const cell = vas.grid.cell(camera, model);
        if (!cell) {
            return;
        }
        say("");
        if (after(camera, model, cell.held)) {
            drop(camera, model);
            return;
        }
        const title = cell.title;
        if (cell.state === "unknown") {
            note(title + ": an unknown cell cannot be changed until it is known again.");
        } else if (cell.state === "unassigned" && cell.closed) {
            note(title + ": this model is not for new assignments.");
        } else if (vas.props("at-once").value) {
            queue.push({ camera, model, enabled: cell.state !== "on", n: ++numbers });
            vas.grid.redraw(camera, "m:" + model);
            next();
        } else {
            put(cell, cell.state !== "on");
        }
    }

    /** Throw away what is drafted of a cell. */
    function drop(camera, model) {
        const cell = vas.grid.cell(camera, model) || { camera, model, held: "?" };
        if (!queue.concat(applying || []).some((one) => same(one, camera, model))) {
            put(cell, null);
        }
    }

    function discard() {
        say("");
        waiting.clear();
        clearing = { n: ++numbers };
        vas.grid.decorate();
        changed("", "");
    }

    /** Send what waits: one request after the other, so that none overtakes another. */
    function flush() {
        const cells = Array.from(waiting.values()).filter((entry) => !entry.revision);
        if (sent || !(cells.length || (clearing && !clearing.revision))) {
            return;
        }
        sent = { n: ++numbers, at: Date.now(), cells, clear: clearing };
        vas.set("toggles", {
            data: {
                draft: ref(),
                n: sent.n,
                clear: Boolean(clearing && !clearing.revision),
                cells: cells.map(({ camera, model, enabled }) => ({ camera, model, enabled })),
            },
        });
    }

    /** Ask again for what could not be kept; keeping twice changes nothing. */
    function watch() {
        if (sent && Date.now() - sent.at > LOST_MS) {
            sent = null;
        }
        if (applying && Date.now() - applying.at > LOST_MS) {
            unanswered("No answer. See the history before you try again.");
        }
        applied = null;
        flush();
        next();
    }

    /** A cell that was to be applied at once: nobody says what became of it. */
    function unanswered(message) {
        applying = null;
        say(message);
        vas.grid.decorate();
        next();
    }

    /** Apply the next cell that is to be applied at once. */
    function next() {
        if (!applying && queue.length) {
            const { camera, model, enabled, n } = queue.shift();
            applying = { camera, model, enabled, n, at: Date.now() };
            vas.set("apply", { data: { camera, model, enabled, n } });
        }
    }

    function count() {
        const held = (vas.props("draft").data || {}).count || 0;
        let more = clearing && !clearing.revision ? -held : 0;
        waiting.forEach(function (entry) {
            if (!entry.revision && (entry.enabled === null) === entry.had) {
                more += entry.had ? -1 : 1;
            }
        });
        return Math.max(0, held + more);
    }

    /** The bar: how much is drafted, and whether it is kept. */
    function bar(said) {
        const message = said === undefined ? vas.props("draft-message").children : said;
        const cells = count();
        const blocked = clearing ? 0 : (vas.props("draft").data || {}).blocked || 0;
        const text = [];
        if (cells || blocked) {
            const changes = cells === 1 ? "1 change" : cells.toLocaleString("en") + " changes";
            text.push(changes + " drafted, not saved.");
        }
        if (blocked) {
            text.push(blocked.toLocaleString("en") + " cannot be done.");
        }
        vas.tell(document.getElementById("draft-count"), text.join(" "));
        vas.tell(document.getElementById("draft-error"), error ? "Your draft cannot be kept: " + error + "." : "");
        const node = document.getElementById("draft-bar");
        node.hidden = !text.length && !error && !(message && message.length !== 0);
        node.toggleAttribute("data-empty", !text.length);
    }

    vas.drafts = {
        toggle: toggle,
        drop: drop,
        after: after,
        ref: ref,
        unanswered: unanswered,

        /** Go to the review, where there is anything to review. */
        review: function () {
            if (count() || (vas.props("draft").data || {}).blocked) {
                document.getElementById("draft-review").click();
            }
        },

        /** Where there is no draft, a note goes when its cell is left. */
        unnote: function () {
            if (noted) {
                say("");
            }
        },

        /** Rows came: with the draft as the server has it. */
        drawn: function (facts) {
            applied = null;
            if (!facts) {
                return;
            }
            if (facts.error !== error && (facts.error || !unkept())) {
                error = facts.error;
            }
            const held = vas.props("draft").data || {};
            if (facts.id && held.id === facts.id) {
                waiting.forEach(function (entry, name) {
                    if (entry.revision && entry.revision <= facts.revision) {
                        waiting.delete(name);
                    }
                });
                if (clearing && clearing.revision && clearing.revision <= facts.revision) {
                    clearing = null;
                }
                const { id, revision, count, blocked } = facts;
                if (revision > held.revision) {
                    vas.set("draft", { data: { id, revision, count, blocked } });
                } else if (!revision && held.revision) {
                    // It is gone, or it is somebody else's: begin another one.
                    madeId = "";
                    vas.set("draft", { data: null });
                }
            }
            bar();
        },
    };

    function unkept() {
        return Array.from(waiting.values()).some((entry) => !entry.revision);
    }

    vas.provide("vas_drafts", {
        /** The draft changed, here or in another view. */
        changed: function () {
            if (!clock) {
                recall();
                clock = window.setInterval(watch, AGAIN_MS);
                vas.grid.decorate();
                flush();
            }
            bar();
        },

        /** What the panel can draft is asked for where something is open in it. */
        tools: function (opened) {
            return opened ? Date.now() : window.dash_clientside.no_update;
        },

        /** The server has kept what was sent, or said why not. */
        kept: function (answer) {
            if (!answer || !sent || answer.n !== sent.n) {
                return;
            }
            const { cells, clear } = sent;
            sent = null;
            error = answer.error;
            if (!error) {
                cells.forEach((entry) => (entry.revision = answer.revision));
                if (clear) {
                    clear.revision = answer.revision;
                }
                if (answer.messages.length) {
                    say(answer.messages.join(" "));
                }
                // A later key of the same cell counts from what the draft holds now.
                waiting.forEach(function (entry) {
                    const kept = cells.find((one) => same(one, entry.camera, entry.model));
                    if (kept && !entry.revision) {
                        entry.had = kept.enabled !== null;
                    }
                });
                flush();
            }
            remember();
            vas.drafts.drawn((vas.props("rendered").data || {}).draft);
            vas.grid.decorate();
            bar();
        },

        /** A cell that was to be applied at once was, or not. */
        applied: function (answer) {
            if (!answer || !applying || answer.n !== applying.n) {
                return;
            }
            const { camera, model } = applying;
            applied = answer.learned ? applying : null;
            applying = null;
            vas.learn([answer.learned].filter(Boolean));
            vas.grid.redraw(camera, "m:" + model);
            bar();
            next();
        },
    });

    // Another tab changed the draft that both work on. Before Dash is there its store was not read yet:
    // it begins with the change.
    window.addEventListener("storage", function (event) {
        if (event.key === "draft" && clock) {
            vas.set("draft", { data: stored() });
        }
    });

    vas.onClick("[data-drop]", (button) => drop(button.dataset.camera, button.dataset.model));
    vas.onClick("#draft-discard", () => discard());
})();
