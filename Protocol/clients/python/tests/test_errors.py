"""Every refusal of the server as an exception, and what is no refusal."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import FRANCE, ROOT, Server, settled

from neuroscope import (
    BadRequestError,
    ConflictError,
    ConnectionLostError,
    NeuroScopeClient,
    NeuroScopeError,
    NotFoundError,
    RunFailedError,
    ServerError,
    TooLargeError,
)

REFUSALS: list[dict[str, Any]] = json.loads((ROOT / "Tests/Clients/refusals.json").read_text())
KINDS = {404: NotFoundError, 409: ConflictError, 413: TooLargeError}


@pytest.fixture(scope="module")
def places(server: Server) -> Iterator[dict[str, str]]:
    with NeuroScopeClient(server.url) as client:
        paused = client.start_run(prompt="Hi", start="paused", detach=True)["run_id"]
        finished = client.start_run(prompt="Hi", max_tokens=1, detach=True)["run_id"]
        settled(client, finished, "finished")
        yield {"{paused}": paused, "{finished}": finished, "{models}": server.folder}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal['path']}-{refusal['code']}")
def test_a_refusal_says_why(client: NeuroScopeClient, places: dict[str, str], refusal: dict[str, Any]) -> None:
    text = json.dumps(refusal)
    for place, value in places.items():
        text = text.replace(place, value)
    expected = json.loads(text)
    body = expected.get("body")
    with pytest.raises(NeuroScopeError) as caught:
        client.request(
            expected["method"], expected["path"], body.encode() if isinstance(body, str) else body,
            headers=expected.get("headers"))
    error = caught.value
    assert type(error) is KINDS.get(expected["status"], BadRequestError)
    assert (error.status, error.code) == (expected["status"], expected["code"])
    assert error.message == expected.get("error", error.message)
    assert error.details == expected.get("details", error.details)
    assert error.request_id and error.request_id.startswith("req_")


def test_methods_raise_what_their_route_refuses(client: NeuroScopeClient) -> None:
    with pytest.raises(BadRequestError, match="Messages are required"):
        client.chat([])
    with pytest.raises(NotFoundError, match="Run absent not found"):
        list(client.events("absent"))
    with pytest.raises(BadRequestError, match="temperature must be"):
        list(client.stream_run(prompt="Hi", temperature=9))


@contextmanager
def answering(status: int, kind: str, body: bytes) -> Iterator[NeuroScopeClient]:
    """A client of a server that always answers the same."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with NeuroScopeClient(f"http://127.0.0.1:{server.server_address[1]}") as client:
                yield client
        finally:
            server.shutdown()
            thread.join()


def test_a_proxys_own_words_become_an_exception_too() -> None:
    with answering(502, "text/html", b"<h1>Bad gateway</h1>") as client:
        with pytest.raises(ServerError, match="Bad gateway") as caught:
            client.health_check()
        assert (caught.value.status, caught.value.request_id) == (502, None)


def test_a_fault_in_a_stream_is_raised_where_it_comes() -> None:
    body = (b'data: {"choices":[]}\n\n'
            b'data: {"error":{"message":"Not numbers","type":"server_error","code":"not_finite"}}\n\n')
    with answering(200, "text/event-stream", body) as client:
        stream = iter(client.chat(FRANCE, stream=True))
        assert next(stream).text == ""
        with pytest.raises(RunFailedError, match="Not numbers") as caught:
            next(stream)
        assert caught.value.code == "not_finite"


def test_a_completion_that_breaks_off_is_a_lost_connection() -> None:
    with answering(200, "text/event-stream", b'data: {"choices":[]}\n\n') as client:
        with pytest.raises(ConnectionLostError):
            list(client.chat(FRANCE, stream=True))


def test_a_server_that_is_not_there_is_a_lost_connection() -> None:
    with answering(200, "text/plain", b"") as gone:
        pass
    with NeuroScopeClient(gone.base_url) as nobody:
        with pytest.raises(ConnectionLostError) as caught:
            nobody.health_check()
        assert caught.value.status == 0
        with pytest.raises(ConnectionLostError):
            list(nobody.events("run", retries=1))
        with pytest.raises(ConnectionLostError):
            nobody.socket()
