/* The selection: ids of cameras and models, whatever page, filter or order is shown. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});

    const FORMS = ["edit", "copy", "preset"];

    // By camera, the set of its selected models; cameras with the same ones share the set.
    let selected = new Map();
    const sets = new Map();
    let written = null;
    let finding = null;
    let numbers = 0;

    // Where extending began, and what was selected before it.
    let anchor = null;
    let base = null;

    /** The one set of these models. */
    function shared(models) {
        const sorted = Array.from(new Set(models)).sort();
        const name = JSON.stringify(sorted);
        if (!sets.has(name)) {
            sets.set(name, new Set(sorted));
        }
        return sets.get(name);
    }

    function has(camera, model) {
        const held = selected.get(camera);
        return held !== undefined && held.has(model);
    }

    /** Select (or not) these models of these cameras. */
    function change(cameras, models, wanted) {
        const results = new Map();
        cameras.forEach(function (camera) {
            const held = selected.get(camera);
            if (!results.has(held)) {
                const kept = Array.from(held || []).filter((model) => !models.includes(model));
                results.set(held, shared(wanted ? kept.concat(models) : kept));
            }
            const result = results.get(held);
            if (result.size) {
                selected.set(camera, result);
            } else {
                selected.delete(camera);
            }
        });
    }

    const all = (cameras, models) =>
        cameras.length > 0 &&
        cameras.every((camera) => models.every((model) => has(camera, model)));

    function toggleAll(cameras, models) {
        change(cameras, models, !all(cameras, models));
        anchor = null;
    }

    /** The cells as groups of cameras with the same models. */
    function groups() {
        const bySet = new Map();
        selected.forEach(function (models, camera) {
            if (!bySet.has(models)) {
                bySet.set(models, []);
            }
            bySet.get(models).push(camera);
        });
        return Array.from(bySet, ([models, cameras]) => ({ models: Array.from(models), cameras }));
    }

    const count = (number, noun) =>
        number.toLocaleString("en") + " " + noun + (number === 1 ? "" : "s");

    /** The selection in words. */
    function words(parts) {
        if (!parts.length) {
            return "";
        }
        const cells = parts.reduce(
            (sum, part) => sum + part.models.length * part.cameras.length, 0);
        const models = new Set(parts.flatMap((part) => part.models)).size;
        const cameras = selected.size;
        if (parts.length === 1) {
            return `${count(cells, "cell")}: ${count(cameras, "camera")} x ${count(models, "model")}`;
        }
        return `${count(cells, "cell")} of ${count(cameras, "camera")} and ${count(models, "model")}`;
    }

    /** Show the selection in words and keep it in the tab; the cells show it on their own. */
    function settle() {
        written = groups();
        vas.set("selection", { data: written });
        tell(written);
    }

    function tell(parts) {
        document.getElementById("selection-words").textContent = words(parts);
        document.getElementById("selection-actions").hidden = !parts.length;
    }

    function settleAll() {
        settle();
        vas.grid.decorate();
    }

    /** Ask for the cells that match the filter, over all pages: of one model, or of all shown. */
    function find(model, toggles, location) {
        finding = { n: ++numbers, toggles };
        const where = location === undefined ? null : location;
        vas.set("find-cells", { data: { model: model, location: where, n: finding.n } });
    }

    /** Toggle a cell, a whole row, or (over all pages) a column. */
    function toggle(camera, model) {
        if (!camera) {
            find(model, Boolean(model));
        } else if (model) {
            change([camera], [model], !has(camera, model));
            anchor = { camera, model };
            base = null;
            settle();
            vas.grid.redraw(camera, "m:" + model);
        } else {
            toggleAll([camera], vas.grid.models());
            anchor = { camera, model };
            base = null;
            settleAll();
        }
    }

    /** Select from where it began to here, on this page, and what was selected before. */
    function extend(from, to) {
        if (!anchor) {
            anchor = from;
        }
        base = base || new Map(selected);
        const cameras = vas.grid.cameras();
        const models = vas.grid.models();
        const rows = [anchor.camera, to.camera].map((camera) => cameras.indexOf(camera));
        if (rows.includes(-1)) {
            anchor = to;
            rows.fill(cameras.indexOf(to.camera));
        }
        const columns = [anchor.model, to.model].map((model) => models.indexOf(model));
        const among = (list, [one, other]) =>
            list.slice(Math.max(0, Math.min(one, other)), Math.max(one, other) + 1);
        selected = new Map(base);
        // From head to head: whole rows.
        const whole = columns[0] === -1 && columns[1] === -1;
        change(among(cameras, rows), whole ? models : among(models, columns), true);
        settleAll();
    }

    function nothing() {
        selected = new Map();
        settleAll();
        vas.set("bulk", { hidden: true });
        say([]);
        anchor = null;
    }

    function say(children) {
        vas.set("bulk-message", { children: children });
    }

    let stays = () => false;

    function act(what, camera) {
        if (what === "close") {
            close();
            return;
        }
        say([]);
        stays = vas.place();
        if (FORMS.includes(what)) {
            vas.clear("bulk-title", "bulk-form");
        }
        send("act", what, camera);
    }

    function send(store, what, camera) {
        vas.set(store, {
            data: {
                do: what,
                draft: vas.drafts.ref(),
                cells: groups(),
                camera: camera || "",
                n: ++numbers,
            },
        });
    }

    function close() {
        vas.set("bulk", { hidden: true });
        vas.set("bulk-form", { children: [] });
        const edit = document.querySelector("#selection-actions [data-do='edit']");
        if (edit) {
            edit.focus();
        }
    }

    vas.selection = {
        has: has,
        toggle: toggle,
        extend: extend,
        /** Where extending begins: there, from now on. */
        start: function () {
            anchor = null;
            base = null;
        },
        all: () => find("", false),
        /** Have the open form drawn again, with the rows and forms of values chosen in it. */
        reshape: () => send("bulk-reshape", "edit"),
        /** Toggle what the filter finds in a location (null: anywhere), of a model ("": of all). */
        find: (model, location) => find(model, true, location),
    };

    vas.provide("vas_selection", {
        /** The tab was loaded again: what was selected before. */
        changed: function (parts) {
            if (parts === written || !Array.isArray(parts)) {
                return;
            }
            selected = new Map();
            parts.forEach((part) => change(part.cameras, part.models, true));
            written = parts;
            tell(groups());
            vas.grid.decorate();
        },

        /** The cells that match the filter. */
        found: function (answer) {
            if (!answer || !finding || answer.n !== finding.n) {
                return;
            }
            if (finding.toggles) {
                toggleAll(answer.cameras, answer.models);
            } else {
                change(answer.cameras, answer.models, true);
            }
            finding = null;
            settleAll();
        },

        /** A form was opened, or what it says was drafted. */
        acted: function (answer) {
            if (!answer) {
                return;
            }
            if (answer.ok && FORMS.includes(answer.do)) {
                window.requestAnimationFrame(function () {
                    if (stays()) {
                        document.getElementById("bulk-title").focus();
                    }
                });
            } else if (answer.ok && answer.do === "save") {
                close();
            } else if (answer.do === "save") {
                window.requestAnimationFrame(function () {
                    const wrong = document.querySelector("#bulk-form .is-invalid");
                    if (wrong && stays()) {
                        wrong.focus();
                    }
                });
            }
        },
    });

    vas.onClick("[data-select]", (button) => toggle(button.dataset.camera, button.dataset.model));
    vas.onClick("[data-do]:not(#view-history *)", function (button) {
        if (button.closest("#panel")) {
            vas.panel.close();
        }
        act(button.dataset.do, button.dataset.camera);
    });
    vas.onClick("#select-all", () => find("", false));
    vas.onClick("#select-nothing", () => nothing());

    document.addEventListener("keydown", function (event) {
        if (event.key === "Escape" && event.target.closest("#bulk")) {
            close();
        }
    });
})();
