"""The edge of the page towards HTTP: what comes in, what goes out, and what can be watched."""
