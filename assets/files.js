/* Files: the link of the export, and what a browser can say of a file before it is sent. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const OTHER_VIEWS = ["review", "history", "files"];
    const MAX_BYTES = 20000000;
    let asked = 0;

    function say(text) {
        vas.set("files-message", { children: text });
    }

    vas.onClick("#files-download", function (link, event) {
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
            event.preventDefault();
            asked += 1;
            vas.set("files-asked", { data: { search: new URL(link.href).search, n: asked } });
        }
    });

    /** A file that is too large is not sent at all, so it has to be said here. */
    function weigh(files) {
        const file = files && files[0];
        if (file && file.size > MAX_BYTES) {
            say(file.name + ": not read, it is larger than " + MAX_BYTES / 1e6 + " MB.");
        } else if (file) {
            say("");
            if (vas.props("files-upload").contents) {
                // The same file once more is no change to Dash, and would not be sent.
                vas.set("files-upload", { contents: null });
            }
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

    /** The library's own control has no name; it is drawn some time after the view. */
    const observer = new MutationObserver(function () {
        const input = document.querySelector("#files-upload input[type='file']");
        if (input) {
            input.setAttribute("aria-label", "File to import");
            input.tabIndex = -1;
        }
    });

    vas.provide("vas_files", {
        /** Remember how the grid is filtered, for the other views. */
        searched: function (search) {
            const view = document.getElementById("view-files");
            observer.observe(view, { childList: true, subtree: true });
            const store = vas.props("files-search").data || "";
            if (!OTHER_VIEWS.includes(vas.views.steps()[0]) && (search || "") !== store) {
                vas.set("files-search", { data: search || "" });
            }
        },

        /** The server has said that there is something to save: save it, and stay on the page. */
        go: function (n) {
            if (n) {
                const save = document.createElement("a");
                save.href = document.getElementById("files-download").href;
                save.download = "";
                save.click();
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
