/* What becomes of each request of the page: answered by its server, by something in between (a proxy
   whose session has ended), or not at all. Says so at the top, and at the button that wrote. */
(function () {
    "use strict";

    const vas = (window.vas = window.vas || {});
    const send = window.fetch;
    const MARK = "X-VAS-Page";
    const PATIENCE_MS = 10 * 1000;
    const WRITE_PATIENCE_MS = 60 * 1000;
    const CALLBACK = "_dash-update-component";

    // Callbacks that write, by what begins them: where to say that no answer came, which button
    // waits for one, and by what a write is known where not each is one. Of those that draw a form
    // again, what is then to be done.
    const WRITES = {
        "panel-save": ["panel-message", "panel-save"],
        "panel-choice": ["panel-message", "panel-save"],
        "review-apply": ["review-message", "review-apply"],
        "review-act": ["review-message"],
        "history-do": ["history-message"],
        "files-upload": ["files-message"],
        "files-prune": ["files-message"],
        "files-take": ["files-message", "files-take"],
        "presets-do": ["presets-message", null, /"do":"(keep|change|renamed|removed|bring)"/],
        act: ["bulk-message", null, /"do":"(on|off|remove|save)"/],
        apply: ["draft-message"],
        "panel-reshape": () => vas.form.unanswered("panel"),
        "bulk-reshape": () => vas.form.unanswered("bulk"),
    };

    const onTheirWay = new Map();

    function show(id, isShown) {
        const notice = document.getElementById(id);
        if (notice && notice.hidden === isShown) {
            notice.hidden = !isShown;
        }
    }

    /** Of the page itself: "ours"; else "out" (of a session) or "none". */
    function judge(answer) {
        const isOurs = answer.headers.has(MARK);
        if (answer.type === "opaqueredirect" || answer.status === 401) {
            return "out";
        }
        if (isOurs) {
            return "ours";
        }
        return answer.ok || answer.status === 403 ? "out" : "none";
    }

    function tell(verdict) {
        show("no-answer", verdict === "none");
        show("logged-out", verdict === "out");
    }

    /** The answer, whole, as the page's server gave it; anything else is none. */
    async function answered(sent) {
        let verdict = "none";
        try {
            const answer = await sent;
            verdict = judge(answer);
            if (verdict === "ours" || answer.headers.has(MARK)) {
                const { status, statusText, headers } = answer;
                const body = [204, 304].includes(status) ? null : await answer.arrayBuffer();
                return new Response(body, { status, statusText, headers });
            }
        } catch {
            verdict = "none";
        } finally {
            tell(verdict);
        }
        throw new TypeError("the page's server did not answer");
    }

    /** What begins a callback, where it is one that writes. */
    function writer(body) {
        const [, changed] = body.match(/"changedPropIds":(\["(?:[^"\\]|\\.)*)/) || [];
        return Object.keys(WRITES).find(
            (id) =>
                new RegExp(`^\\["(?:${id}\\.|\\{.*\\\\"${id}\\\\")`).test(changed || "") &&
                (!WRITES[id][2] || WRITES[id][2].test(body)),
        );
    }

    const noAnswer = () => ({
        namespace: "dash_html_components",
        type: "P",
        props: {
            className: "vd-error",
            children: [
                "No answer. See the ",
                {
                    namespace: "dash_core_components",
                    type: "Link",
                    props: { href: vas.views.root() + "history", children: "history" },
                },
                " before you try again.",
            ],
        },
    });

    /** A write whose answer did not come. Dash leaves its button waiting. */
    function unanswered(id) {
        if (typeof WRITES[id] === "function") {
            WRITES[id]();
            return;
        }
        const [message, button] = WRITES[id];
        if (id === "apply") {
            vas.drafts.unanswered(noAnswer());
        } else {
            vas.set(message, { children: noAnswer() });
        }
        if (button) {
            vas.set(button, { disabled: false });
        }
    }

    function watched(url, options, body) {
        const [, outputs] = body.match(/^\{"output":"([^"]*)"/) || [];
        const id = writer(body);
        const request = { redirect: "manual", ...options };
        if (id && !request.signal) {
            request.signal = AbortSignal.timeout(WRITE_PATIENCE_MS);
        }
        const answer = answered(send.call(window, url, request));
        const end = () => onTheirWay.delete(answer);
        onTheirWay.set(answer, { outputs: outputs || "", since: Date.now() });
        answer.then(
            function (given) {
                end();
                const isDrawn = given.status !== 204;
                if (id && (!given.ok || (!isDrawn && typeof WRITES[id] === "function"))) {
                    window.setTimeout(() => unanswered(id));
                }
            },
            function () {
                end();
                if (id) {
                    window.setTimeout(() => unanswered(id));
                }
            },
        );
        return answer;
    }

    window.fetch = function (url, options) {
        const body = options && options.body;
        if (String(url).includes(CALLBACK) && typeof body === "string") {
            return watched(url, options, body);
        }
        return send.call(window, url, options);
    };

    /**
     * Whether to ask for `output` again: an answer that is still on its way would be dropped for the
     * next one, and where answers take longer than the time between two polls, none would ever
     * come. After a while it is asked all the same: the connection may be dead.
     */
    vas.due = function (output) {
        const now = Date.now();
        return ![...onTheirWay.values()].some(
            (one) => one.outputs.includes(output) && now - one.since < PATIENCE_MS,
        );
    };

    /** Ask the page's server at `path`; null where no answer of it came. */
    vas.ask = function (path, what) {
        const request = {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(what),
            redirect: "manual",
            signal: AbortSignal.timeout(PATIENCE_MS),
        };
        return answered(send.call(window, vas.views.root() + path, request)).catch(() => null);
    };
})();
