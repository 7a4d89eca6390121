"""A collector of OpenTelemetry's traces on a free port, which reads what it is sent with OpenTelemetry's own messages."""

import base64
import http.server
import json
import re
import threading
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def _numbered(value):
    """The same document with the numbers of traces and spans as the plain mapping of protocol buffers has them.

    OTLP's JSON has them in hexadecimal, the mapping in base64.
    """
    if isinstance(value, list):
        return [_numbered(one) for one in value]
    if not isinstance(value, dict):
        return value
    read = {}
    for name, one in value.items():
        digits = {"traceId": 32, "spanId": 16, "parentSpanId": 16}.get(name)
        if digits and one:
            if not re.fullmatch(f"[0-9a-f]{{{digits}}}", one):
                raise ValueError(f"{name} is {one!r}")
            one = base64.b64encode(bytes.fromhex(one)).decode()
        read[name] = _numbered(one)
    return read


def _plain(value):
    """A value of an attribute as Python has it."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(one) for one in value.array_value.values]
    return getattr(value, kind)


class Span:
    """A span as it was sent, its attributes as a dictionary."""

    def __init__(self, message, resource):
        self.message = message
        self.resource = resource
        self.trace = message.trace_id.hex()
        self.id = message.span_id.hex()
        self.parent = message.parent_span_id.hex()
        self.name = message.name
        self.start, self.end = message.start_time_unix_nano, message.end_time_unix_nano
        self.attributes = {one.key: _plain(one.value) for one in message.attributes}

    def holds(self, other):
        """Whether another span is below this one and within its time."""
        return (other.trace, other.parent) == (self.trace, self.id) and self.start <= other.start <= other.end <= self.end


class Collector:
    """The stand-in of a collector: takes `POST /v1/traces`, and keeps every span."""

    def __init__(self):
        self.bodies = []
        self.spans = []
        self.faults = []
        self._changed = threading.Condition()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = collector.take(self.path, self.headers["Content-Type"], body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path, kind, body):
        with self._changed:
            try:
                if (path, kind) != ("/v1/traces", "application/json"):
                    raise ValueError(f"{path}, {kind}")
                request = json_format.Parse(json.dumps(_numbered(json.loads(body))), ExportTraceServiceRequest())
            except Exception as fault:
                self.faults.append(fault)
                return 400
            self.bodies.append(body.decode())
            for of_resource in request.resource_spans:
                resource = {one.key: _plain(one.value) for one in of_resource.resource.attributes}
                for of_scope in of_resource.scope_spans:
                    self.spans += [Span(span, resource) for span in of_scope.spans]
            self._changed.notify_all()
            return 200

    def trace(self, number, *names, seconds=600):
        """The spans of a trace by their names, once there is one of each of these."""
        until = time.monotonic() + seconds
        with self._changed:
            while True:
                if self.faults:
                    raise self.faults[0]
                found = {span.name: span for span in self.spans if span.trace == number}
                if set(names) <= set(found):
                    return found
                if not self._changed.wait(until - time.monotonic()):
                    raise AssertionError(f"of {names} there are {sorted(found)}")

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
