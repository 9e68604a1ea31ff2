/* Drafts: cells to be turned on or off, kept in this browser until they are saved or discarded. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const key = (camera, model) => camera + "\n" + model;
    let saving = false;

    function all() {
        return vas.props("drafts").data || {};
    }

    function say(text) {
        vas.set("draft-message", { children: text });
    }

    /** Draft the other state of a cell; drafted already: take the draft back. */
    function toggle(camera, model) {
        const column = "m:" + model;
        const record = (vas.props("grid").data || []).find((row) => row.id === camera);
        const drafts = { ...all() };
        if (!record || !(column in record)) {
            return;
        }
        say("");
        if (drafts[key(camera, model)]) {
            delete drafts[key(camera, model)];
        } else {
            const shape = record[column].charAt(0);
            const closed = ((vas.props("rendered").data || {}).closed || []).includes(column);
            const title = vas.grid.columnName(column) + " on " + record.camera;
            if (shape === "?") {
                note(title + ": an unknown cell cannot be changed until it is known again.");
                return;
            }
            if (shape === "\u2013" && closed) {
                note(title + ": this model is not for new assignments.");
                return;
            }
            drafts[key(camera, model)] = {
                camera: camera,
                model: model,
                enabled: shape !== "\u25cf",
                token: record[column + "~"] || "",
            };
        }
        vas.set("drafts", { data: drafts });
    }

    /** Say why nothing was drafted, also where there is no draft yet. */
    function note(text) {
        document.getElementById("draft-bar").hidden = false;
        say(text);
    }

    /** Where there is no draft, a note goes when its cell is left. */
    function unnote() {
        const bar = document.getElementById("draft-bar");
        if (!bar.hidden && !Object.keys(all()).length) {
            bar.hidden = true;
            say("");
        }
    }

    function save() {
        const drafts = Object.values(all());
        if (drafts.length && !saving) {
            saving = true;
            say("Saving.");
            vas.set("apply", { data: drafts });
        }
    }

    function discard() {
        say("");
        vas.set("drafts", { data: {} });
    }

    vas.drafts = {
        toggle: toggle,
        save: save,
        unnote: unnote,
        of: (camera, model) => all()[key(camera, model)],
    };

    vas.provide("vas_drafts", {
        /** Show the drafts: in the grid at once, and how many there are. */
        changed: function (drafts) {
            const count = Object.keys(drafts || {}).length;
            const bar = document.getElementById("draft-bar");
            const changes = count === 1 ? "1 change" : count + " changes";
            document.getElementById("draft-count").textContent = count
                ? changes + " drafted, not saved."
                : "";
            bar.hidden = count === 0;
            bar.toggleAttribute("data-empty", count === 0);
            vas.grid.decorate();
        },

        /** Some drafts were settled: drop what is saved, keep the rest and say why. */
        settled: function (answer) {
            if (!answer) {
                saving = false;
                return;
            }
            const drafts = { ...all() };
            const failed = answer.results.filter((result) => !result.done);
            const done = answer.results.filter((result) => result.done);
            done.forEach((result) => delete drafts[key(result.camera, result.model)]);
            vas.learn(answer.results.map((result) => result.learned).filter(Boolean));
            vas.set("drafts", { data: drafts });
            const messages = failed.map((result) => result.message);
            const told = vas.props("draft-message").children;
            const before = told && told !== "Saving." ? [told] : [];
            say(before.concat(messages).join(" ") || (answer.left.length ? "Saving." : ""));
            if (answer.left.length) {
                vas.set("apply", { data: answer.left });
            } else {
                saving = false;
            }
        },
    });

    document.addEventListener("click", function (event) {
        if (event.target.closest("#draft-save")) {
            save();
        } else if (event.target.closest("#draft-discard")) {
            discard();
        }
    });
})();
