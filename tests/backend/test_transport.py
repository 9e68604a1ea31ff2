from __future__ import annotations

import logging
import os
import socket
import threading
import time

import pytest
from pydantic import SecretStr

from tests.fakes.clients import API_KEY, patience_s, transport_to
from tests.fakes.faulty_vas import CERTIFICATE, RTSP_PASSWORD, SQL_TEXT, Fault, FaultyVas, site
from vas_dash.backend import transport as transport_module
from vas_dash.backend import wire
from vas_dash.backend.transport import Transport
from vas_dash.errors import (
    BackendError,
    BadAnswerError,
    ConflictError,
    ConnectionCutError,
    NotAuthorisedError,
    NotFoundError,
    NotListeningError,
    RejectedError,
    ServerFaultError,
    SettingsError,
    TimedOutError,
    UnreachableError,
)

PAGE = {"skip": "0", "limit": "100"}


def read(transport: Transport, until: float | None = None) -> bytes:
    return transport.get(wire.CAMERAS_PATH, PAGE, until)


def nothing() -> None:
    """A write may be sent."""


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault.HANG, TimedOutError, "the VAS did not answer within 0.3 s"),
        (Fault.TRICKLE_HEADERS, TimedOutError, "the VAS did not answer within 0.3 s"),
        (Fault.TRICKLE_BODY, TimedOutError, "the VAS did not answer within 0.3 s"),
        (Fault.FAIL_TEXT, ServerFaultError, "the VAS failed (500)"),
        (Fault.FAIL_JSON, ServerFaultError, "the VAS failed (500)"),
        (Fault.CUT, ConnectionCutError, "the VAS cut the connection in the middle of its answer"),
        (Fault.CLOSE, ConnectionCutError, "the VAS cut the connection"),
        (Fault.NOT_HTTP, BadAnswerError, "the VAS answered with something that is not HTTP"),
        (Fault.BAD_HEADERS, BadAnswerError, "the VAS answered with something that is not HTTP"),
        (Fault.UNAUTHORISED, NotAuthorisedError, "the VAS asks for an API key"),
        (Fault.FORBIDDEN, NotAuthorisedError, "the VAS rejected the API key"),
        (Fault.NOT_FOUND, NotFoundError, "the VAS does not know what was asked for (404)"),
        (Fault.HUGE, BadAnswerError, "the VAS sent an answer of more than 64 MiB"),
        (Fault.REDIRECT, BadAnswerError, "the VAS answered with an unexpected status (307)"),
    ],
)
def test_each_fault_has_its_error_and_its_words(
    fault: Fault, kind: type[BackendError], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyVas(**site(3, 1, 1)) as vas:
        vas.fault("cameras", fault)
        with pytest.raises(BackendError) as caught:
            read(transport_to(vas, patience_s(fault)))
    assert type(caught.value) is kind
    assert caught.value.reason == str(caught.value) == reason
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    for secret in (API_KEY, RTSP_PASSWORD, SQL_TEXT):
        assert secret not in caplog.text


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.TRICKLE_HEADERS, Fault.TRICKLE_BODY])
def test_the_deadline_holds_over_tls(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FaultyVas(**site(3, 1, 1), tls=True) as vas:
        assert RTSP_PASSWORD.encode() in read(transport_to(vas))
        vas.fault("cameras", fault)
        with pytest.raises(TimedOutError):
            read(transport_to(vas, 0.3))


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with (
        FaultyVas(tls=True) as vas,
        pytest.raises(UnreachableError, match="no secure connection to the VAS could be made"),
    ):
        read(transport_to(vas))


def test_a_handshake_that_hangs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(BackendError, match=r"within 0\.3 s"):
            read(Transport(url, connect_timeout_s=0.3, read_timeout_s=0.3))


def test_a_vas_that_is_gone_refuses_the_connection() -> None:
    with FaultyVas() as vas:
        transport = transport_to(vas)
        vas.stop()
        with pytest.raises(NotListeningError, match=r"^the VAS refused the connection$"):
            read(transport)
        vas.start()
        assert read(transport) == b"[]"


def test_a_vas_that_takes_no_connection_is_given_up() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # fill the queue of the listener, which never accepts
            one.setblocking(False)
            one.connect_ex(address)
        transport = Transport(f"http://127.0.0.1:{address[1]}", connect_timeout_s=0.2)
        with pytest.raises(UnreachableError, match=r"could not be reached within 0\.2 s"):
            read(transport)
        for one in waiting:
            one.close()


def test_an_unknown_host_is_said_so() -> None:
    with pytest.raises(UnreachableError, match="the address of the VAS is not known"):
        read(Transport("http://vas.invalid"))


def test_a_call_whose_time_is_over_is_not_made() -> None:
    with FaultyVas() as vas:
        with pytest.raises(TimedOutError):
            read(transport_to(vas), until=time.monotonic() - 1)
        assert vas.connections == 0


def test_the_caller_can_give_less_time() -> None:
    with FaultyVas() as vas:
        vas.fault("cameras", Fault.HANG)
        with pytest.raises(TimedOutError, match=r"within 0\.0"):
            read(transport_to(vas), until=time.monotonic() + 0.05)


def test_connections_are_kept_for_reads() -> None:
    with FaultyVas(**site(3, 1, 1)) as vas:
        transport = transport_to(vas)
        for _ in range(3):
            read(transport)
        assert vas.connections == 1


def test_a_read_is_repeated_once_when_its_kept_connection_was_dropped() -> None:
    """The server closes only when the second request is there, so that the client cannot know."""
    with FaultyVas() as vas:
        transport = transport_to(vas)
        read(transport)
        requests = []

        def close_the_second(method: str, endpoint: str) -> None:
            requests.append((method, endpoint))
            if len(requests) == 1:
                vas.fault("cameras", Fault.CLOSE)
            else:
                vas.heal()

        vas.on_request = close_the_second
        assert read(transport) == b"[]"
        assert len(requests) == 2
        assert vas.connections == 2


def test_a_read_is_repeated_only_once() -> None:
    with FaultyVas() as vas:
        transport = transport_to(vas)
        read(transport)
        vas.fault("cameras", Fault.CLOSE)
        with pytest.raises(ConnectionCutError):
            read(transport)
        assert vas.count("GET", "cameras") == 3


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.HANG, Fault.FAIL_TEXT, Fault.CUT])
def test_a_read_on_a_connection_of_its_own_is_not_repeated(fault: Fault) -> None:
    with FaultyVas() as vas:
        vas.fault("cameras", fault)
        with pytest.raises(BackendError):
            read(transport_to(vas, patience_s(fault)))
        assert vas.count("GET", "cameras") == 1


def test_a_connection_that_the_vas_dropped_after_a_500_is_not_used_again() -> None:
    with FaultyVas() as vas:
        transport = transport_to(vas)
        vas.fault("cameras", Fault.FAIL_TEXT)
        with pytest.raises(ServerFaultError):
            read(transport)
        vas.heal()
        assert read(transport) == b"[]"
        assert vas.count("GET", "cameras") == 2


@pytest.mark.parametrize(
    "fault",
    [Fault.CLOSE, Fault.HANG, Fault.FAIL_TEXT, Fault.FAIL_JSON, Fault.CUT, Fault.DONE_UNSAID],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_is_never_repeated(method: str, fault: Fault) -> None:
    with FaultyVas(**site(1, 1, 1)) as vas:
        transport = transport_to(vas, patience_s(fault))
        path = f"{wire.ASSIGNMENTS_PATH}/{next(iter(vas.assignments))}"
        camera_id = next(iter(vas.cameras))
        body = b'{"camera_id": "%b", "model_id": "x"}' % camera_id.encode()
        vas.fault("writes", fault)
        with pytest.raises(BackendError):
            transport.write(
                method, wire.ASSIGNMENTS_PATH if method == "POST" else path, body, nothing
            )
        assert vas.count(method, "writes") == 1


def test_a_write_has_a_connection_of_its_own() -> None:
    with FaultyVas(**site(1, 1, 1)) as vas:
        transport = transport_to(vas)
        read(transport)
        path = f"{wire.ASSIGNMENTS_PATH}/{next(iter(vas.assignments))}"
        transport.write("PATCH", path, b"{}", nothing)
        assert vas.connections == 2
        read(transport)
        assert vas.connections == 2
        transport.write("DELETE", path, None, nothing)
        assert vas.connections == 3


def test_what_stops_a_write_at_the_last_moment_leaves_nothing_sent() -> None:
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with FaultyVas(**site(1, 1, 1)) as vas:
        path = f"{wire.ASSIGNMENTS_PATH}/{next(iter(vas.assignments))}"
        with pytest.raises(StoppedError):
            transport_to(vas).write("DELETE", path, None, stop)
        assert vas.total_count == 0
        assert len(vas.assignments) == 1


def test_the_key_goes_to_the_vas_and_nowhere_else() -> None:
    with FaultyVas() as elsewhere, FaultyVas(api_key=API_KEY) as vas:
        transport = transport_to(vas)
        read(transport)
        assert vas.headers[0]["x-api-key"] == API_KEY
        vas.redirect_to = f"{elsewhere.url}/api/v1/devices?skip=0&limit=9"
        vas.fault("all", Fault.REDIRECT)
        with pytest.raises(BadAnswerError):
            read(transport)
        with pytest.raises(BadAnswerError):
            transport.write("POST", wire.ASSIGNMENTS_PATH, b"{}", nothing)
        assert elsewhere.connections == 0
    assert API_KEY not in repr(transport)


def test_a_key_that_no_header_can_carry_is_refused_without_being_told() -> None:
    for key in ("line\nbreak", "s\u00e9cret", "tab\there"):
        with pytest.raises(SettingsError) as caught:
            Transport("http://127.0.0.1:1", api_key=SecretStr(key))
        assert key not in str(caught.value)
    Transport("http://127.0.0.1:1", api_key=SecretStr("from-a-file\n"))


def test_a_key_that_the_vas_repeats_is_not_shown() -> None:
    with FaultyVas(**site(1, 1, 0)) as vas:
        body = b'{"camera_id": "%b", "model_id": "x"}' % API_KEY.encode()
        with pytest.raises(RejectedError) as caught:
            transport_to(vas).write("POST", wire.ASSIGNMENTS_PATH, body, nothing)
    assert caught.value.reason == "Device *** does not exist"


def test_the_environment_does_not_lead_requests_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyVas() as elsewhere, FaultyVas() as vas:
        monkeypatch.setenv("HTTP_PROXY", elsewhere.url)
        monkeypatch.setenv("http_proxy", elsewhere.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert read(transport_to(vas)) == b"[]"
        assert elsewhere.connections == 0


def test_a_conflict_and_a_validation_error_keep_the_words_of_the_vas() -> None:
    with FaultyVas(**site(1, 1, 1)) as vas:
        row = next(iter(vas.assignments.values()))
        transport = transport_to(vas)
        pair = b'"camera_id": "%b", "model_id": "model-0"' % row["camera_id"].encode()
        with pytest.raises(ConflictError, match="Assignment already exists with another state"):
            transport.write("POST", wire.ASSIGNMENTS_PATH, b'{%b, "enabled": true}' % pair, nothing)
        with pytest.raises(RejectedError, match="Validation error") as caught:
            transport.write("POST", wire.ASSIGNMENTS_PATH, b'{%b, "priority": 101}' % pair, nothing)
        assert caught.value.problems[0].field == "priority"


def test_an_answer_may_come_in_chunks_but_not_be_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "CHUNK_BYTES", 1000)
    with FaultyVas(**site(20, 1, 1)) as vas:
        whole = read(transport_to(vas))
        assert len(whole) > 3 * 1000
        monkeypatch.setattr(transport_module, "MAX_BODY_BYTES", len(whole))
        assert read(transport_to(vas)) == whole
        monkeypatch.setattr(transport_module, "MAX_BODY_BYTES", len(whole) - 1)
        with pytest.raises(BadAnswerError):
            read(transport_to(vas))


def test_threads_share_a_transport() -> None:
    with FaultyVas(**site(20, 1, 1)) as vas:
        transport = transport_to(vas)
        whole = read(transport)
        answers: list[bytes] = []

        def work() -> None:
            answers.extend(read(transport) for _ in range(20))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [whole] * 160


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_makes_connections_of_its_own() -> None:
    with FaultyVas() as vas:
        transport = transport_to(vas)
        read(transport)
        child = os.fork()
        if child == 0:
            os._exit(0 if read(transport) == b"[]" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert vas.connections == 2
