/* Who is asking: says so when the server does not know it any more. What was typed stays, and the page
   goes on by itself once somebody has logged in again, in another tab. */
(function () {
    "use strict";

    const send = window.fetch;

    window.fetch = function (...request) {
        const sent = send.apply(window, request);
        sent.then(
            function (answer) {
                const notice = document.getElementById("logged-out");
                if (notice && (answer.ok || answer.status === 401)) {
                    notice.hidden = answer.status !== 401;
                }
            },
            function () {
                // No answer: nothing is known of who is asking.
            },
        );
        return sent;
    };
})();
