"""One run's trace end to end, as a collector reads it that knows OpenTelemetry's messages and nothing of this server."""

import secrets
import time
import unittest

from collector import Collector
from opentelemetry.proto.trace.v1 import trace_pb2
from server import FRANCE, Server

INTERNAL, SERVER = trace_pb2.Span.SPAN_KIND_INTERNAL, trace_pb2.Span.SPAN_KIND_SERVER
CHAT = "/v1/chat/completions"


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = Collector()
        cls.addClassCleanup(cls.collector.stop)
        cls.server = Server("--otlp-endpoint", cls.collector.url)
        cls.addClassCleanup(cls.server.stop)

    def call(self, method, path, body=None, sampled=True):
        """Asks as part of a trace of the client's: the trace's number, the client's span, and the answer."""
        trace, span = secrets.token_hex(16), secrets.token_hex(8)
        answer = self.server.call(method, path, body, {
            "traceparent": f"00-{trace}-{span}-0{int(sampled)}", "tracestate": "lab=desk-7"})
        return trace, span, answer

    def test_a_run_is_seen_from_the_client_s_span_to_its_last_token(self):
        trace, client, (status, fields, _) = self.call(
            "POST", CHAT, {"messages": FRANCE, "max_tokens": 8, "temperature": 0})
        self.assertEqual(status, 200)
        spans = self.collector.trace(trace, f"POST {CHAT}", "chat circuits-5m", "queue", "prompt", "decode")
        self.assertEqual(len(spans), 5)
        request, run = spans[f"POST {CHAT}"], spans["chat circuits-5m"]
        parts = [spans[name] for name in ("queue", "prompt", "decode")]

        # The client's span, the request's, the run's, its parts: each below the other and within its time.
        self.assertEqual(request.parent, client)
        self.assertTrue(request.holds(run))
        for part in parts:
            self.assertTrue(run.holds(part), part.message)
        for one, next in zip(parts, parts[1:]):
            self.assertEqual(one.end, next.start)
        self.assertLess(run.start, run.end)
        self.assertEqual(fields["traceparent"], f"00-{trace}-{request.id}-01")

        self.assertEqual(request.message.kind, SERVER)
        self.assertEqual([one.message.kind for one in (run, *parts)], [INTERNAL] * 4)
        self.assertEqual({one.message.trace_state for one in spans.values()}, {"lab=desk-7"})
        # The lowest flag: sampled; the tenth: the parent is another process's.
        self.assertEqual([one.message.flags for one in (request, run)], [0x301, 0x101])
        self.assertEqual(request.attributes["http.route"], CHAT)
        self.assertEqual(request.attributes["http.response.status_code"], 200)
        self.assertEqual(run.attributes["gen_ai.operation.name"], "chat")
        self.assertEqual(run.attributes["gen_ai.request.model"], "circuits-5m")
        self.assertGreater(run.attributes["gen_ai.usage.input_tokens"], 0)
        self.assertIn(run.attributes["gen_ai.response.finish_reasons"], (["stop"], ["length"]))
        self.assertEqual([event.name for event in run.message.events], ["first_token"])
        self.assertEqual(run.message.events[0].time_unix_nano, spans["decode"].start)
        self.assertEqual(request.resource["service.name"], "neuroscope")
        for word in ("France", "Paris"):
            self.assertFalse([body for body in self.collector.bodies if word in body])

    def test_a_streamed_answer_is_as_long_as_its_stream(self):
        trace, _, (status, _, body) = self.call(
            "POST", CHAT, {"messages": FRANCE, "max_tokens": 8, "stream": True})
        self.assertEqual(status, 200)
        self.assertIn(b"[DONE]", body)
        spans = self.collector.trace(trace, f"POST {CHAT}", "chat circuits-5m")
        self.assertTrue(spans[f"POST {CHAT}"].holds(spans["chat circuits-5m"]))

    def test_what_is_not_sampled_sends_nothing(self):
        unseen, _, (status, fields, _) = self.call("POST", CHAT, {"messages": FRANCE, "max_tokens": 2}, sampled=False)
        self.assertEqual(status, 200)
        self.assertRegex(fields["traceparent"], f"^00-{unseen}-[0-9a-f]{{16}}-00$")
        # What comes later is there, and so would be what came before.
        seen, _, _ = self.call("GET", "/livez")
        self.collector.trace(seen, "GET /livez")
        self.assertNotIn(unseen, {span.trace for span in self.collector.spans})

    def test_an_error_of_the_client_s_has_its_status(self):
        trace, _, (status, _, _) = self.call("POST", "/v1/runs", b"{")
        self.assertEqual(status, 400)
        request = self.collector.trace(trace, "POST /v1/runs")["POST /v1/runs"]
        self.assertEqual(request.attributes["http.response.status_code"], 400)
        self.assertEqual(request.message.status.code, trace_pb2.Status.STATUS_CODE_UNSET)

    def test_the_collector_s_spans_are_counted(self):
        trace, _, _ = self.call("GET", "/livez")
        self.collector.trace(trace, "GET /livez")
        # Counted when the collector's answer has come, which may be a moment later.
        text, until = "", time.monotonic() + 600
        while 'neuroscope_trace_spans_total{result="sent"} ' not in text and time.monotonic() < until:
            text = self.server.call("GET", "/metrics")[2].decode()
        self.assertRegex(text, r'neuroscope_trace_spans_total\{result="sent"\} [1-9]')
        self.assertNotIn('result="failed"', text)

    def test_the_last_spans_are_sent_at_the_end(self):
        server = Server("--otlp-endpoint", self.collector.url + "/")
        trace, span = secrets.token_hex(16), secrets.token_hex(8)
        server.call("GET", "/livez", headers={"traceparent": f"00-{trace}-{span}-01"})
        self.assertEqual(server.stop(), 0)
        self.collector.trace(trace, "GET /livez", seconds=1)


if __name__ == "__main__":
    unittest.main()
