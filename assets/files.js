/* Files: the link of the export, and what a browser can say of a file before it is sent. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const OTHER_VIEWS = ["review", "history", "files"];
    const MAX_BYTES = 20000000;
    let busy = false;

    function say(text) {
        vas.set("files-message", { children: text });
    }

    /** Save a link's file, or say why there is none: the page stays. */
    async function download(link) {
        busy = true;
        say("");
        try {
            const answer = await fetch(link.href, { credentials: "same-origin" });
            if (!answer.ok) {
                const text = (await answer.text()).trim();
                say(text.length < 1000 ? text : "Not exported: the answer was " + answer.status + ".");
                return;
            }
            const said = answer.headers.get("Content-Disposition") || "";
            const name = (said.match(/filename="([^"]+)"/) || [])[1] || "vas-intent";
            const url = URL.createObjectURL(await answer.blob());
            const save = document.createElement("a");
            save.href = url;
            save.download = name;
            save.click();
            window.setTimeout(() => URL.revokeObjectURL(url), 60000);
            const read = Date.parse(answer.headers.get("Last-Modified") || "");
            const when = read ? ", the fleet as of " + new Date(read).toLocaleTimeString() : "";
            say("Exported: " + name + when + ".");
        } catch {
            say("Not exported: the page did not answer.");
        } finally {
            busy = false;
        }
    }

    document.addEventListener("click", function (event) {
        const link = event.target.closest("#files-download");
        if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
            event.preventDefault();
            if (!busy) {
                download(link);
            }
        }
    });

    /** A file that is too large is not sent at all, so it has to be said here. */
    function weigh(files) {
        const file = files && files[0];
        if (file && file.size > MAX_BYTES) {
            say(file.name + ": not read, it is larger than " + MAX_BYTES / 1e6 + " MB.");
        } else if (file) {
            say("");
        }
    }

    document.addEventListener("change", function (event) {
        if (event.target.matches("#files-upload input[type='file']")) {
            weigh(event.target.files);
        }
    }, true);
    document.addEventListener("drop", function (event) {
        if (event.target.closest("#files-upload")) {
            weigh(event.dataTransfer.files);
        }
    }, true);

    /** The library's own control has no name; it is drawn some time after the page. */
    const observer = new MutationObserver(function () {
        const input = document.querySelector("#files-upload input[type='file']");
        if (input) {
            observer.disconnect();
            input.setAttribute("aria-label", "File to import");
            input.tabIndex = -1;
        }
    });
    observer.observe(document.documentElement, { childList: true, subtree: true });

    vas.provide("vas_files", {
        /** Remember how the grid is filtered, for the other views. */
        searched: function (search) {
            const store = vas.props("files-search").data || "";
            if (!OTHER_VIEWS.includes(vas.views.steps()[0]) && (search || "") !== store) {
                vas.set("files-search", { data: search || "" });
            }
        },

        /** The address of the download, by what is chosen. */
        link: function (scope, format, ids, search, href) {
            const fields = new URLSearchParams(scope === "filtered" ? search || "" : "");
            ["sort", "page", "size"].forEach((name) => fields.delete(name));
            fields.set("format", format || "csv");
            if (ids) {
                fields.set("ids", "1");
            }
            return href.split("?")[0] + "?" + fields.toString();
        },
    });
})();
