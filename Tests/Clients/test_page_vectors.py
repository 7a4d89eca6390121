"""Steering and patching with vectors of the page's own making: of this run's tensors, another's, or a file's."""

import base64
import io
import json
import unittest

import numpy as np
from safetensors.numpy import save

from dashboard import DROP, GIVER, PageTest, until
from server import shared

OTHER = "When Mary and John went to the store, Mary gave a drink to"


class Vectors(PageTest):
    def rows(self, text, layer=12):
        """The residual stream behind a layer at each token of a text, or of tokens, to the last bit."""
        begun = {"prompt": text} if isinstance(text, str) else {"tokens": text}
        run = self.start(**begun, max_tokens=1, activation_hooks=[
            {"layer_name": f"transformer.h.{layer}", "component": "residual", "hook_id": "rows"}], frames={"dtype": "f32", "codec": "raw"})
        data = shared().call("GET", f"/v1/runs/{run}/frames?hook=rows")[2]
        length = int.from_bytes(data[6:8], "little")
        raw = int.from_bytes(data[40:48], "little")
        return np.frombuffer(data[length:length + raw], "<f4").reshape(-1, 128)

    def ready(self, kind, shown):
        shown.select_option("#change-part", "residual")
        shown.select_option("#change-layer", "12")
        shown.select_option("#change-kind", kind)

    def added(self, shown, count=1):
        """The newest change, as the page keeps it, and the words of its line."""
        shown.click("#change-add")
        until(shown, f"document.querySelectorAll('#changes input').length === {count}")
        kept = json.loads(shown.evaluate("localStorage.getItem('neuroscope.view.changes')"))
        return kept[-1]["spec"], shown.locator("#changes .change-words").nth(count - 1).text_content()

    def same_as_the_api_s(self, shown, text, spec):
        """The changed run of the page tells what a run of the API with that change does."""
        changed = until(shown, "new URLSearchParams(location.search).get('versus')")
        shared().wait(changed, "finished")
        mine = self.start(prompt=text, max_tokens=4, interventions=[spec])
        told, expected = ([(one["token_id"], one["logprob"]) for one in self.events(run, "token")] for run in (changed, mine))
        self.assertEqual(told, expected)

    def test_a_token_of_another_run_is_steered_along(self):
        shown = self.opened("?panels=change")
        other = self.run_plain(shown, OTHER)
        self.run_plain(shown)
        self.ready("add", shown)
        shown.select_option("#change-from", f"run:{other}")
        shown.fill("#change-row", "9")
        spec, words = self.added(shown)
        rows = self.rows(OTHER)
        np.testing.assert_array_equal(np.float32(spec["vector"]), rows[9])
        self.assertIn("token 9 of", words)
        self.same_as_the_api_s(shown, GIVER, spec)
        shown.click(".chip[data-position='9']")
        shown.select_option("#change-less", "chosen")
        spec, words = self.added(shown, 2)
        np.testing.assert_allclose(spec["vector"], rows[9].astype(np.float64) - self.rows(GIVER)[9], rtol=0, atol=1e-12)
        self.assertIn("of this run", words)
        shown.select_option("#change-less", "mean")
        spec, _ = self.added(shown, 3)
        # The page reads all tokens of that run, its answer too.
        started, *tokens = self.events(other, "run.started", "token")
        whole = self.rows(started["prompt"]["token_ids"] + [one["token_id"] for one in tokens])
        np.testing.assert_allclose(spec["vector"], rows[9] - whole.astype(np.float64).mean(0), rtol=0, atol=1e-6)

    def test_tokens_of_another_run_are_patched_in(self):
        other = self.start(prompt=OTHER, max_tokens=4)
        shown = self.opened("?panels=change")
        self.run_plain(shown)
        self.ready("patch", shown)
        until(shown, "id => [...document.getElementById('change-from').options].some((one) => one.value === `run:${id}`)", other)
        shown.click(".chip[data-position='9']")
        shown.click(".chip[data-position='10']", modifiers=["Shift"])
        shown.select_option("#change-from", f"run:{other}")
        shown.fill("#change-row", "9")
        spec, words = self.added(shown)
        self.assertEqual((spec["kind"], spec["positions"]["from"], spec["positions"]["to"], spec["source"]["first_position"]), ("patch", 9, 11, 9))
        np.testing.assert_array_equal(np.frombuffer(base64.b64decode(spec["source"]["rows"]), "<f4").reshape(2, 128), self.rows(OTHER)[9:11])
        self.assertIn("patch residual stream of layer 12 at tokens 9–10", words)
        self.same_as_the_api_s(shown, GIVER, spec)

    def test_rows_of_files_are_read_in_the_page(self):
        shown = self.opened("?panels=")
        self.run_plain(shown)
        random = np.random.default_rng(5)
        single = random.normal(size=(3, 128)).astype(np.float32)
        brain = (single.view(np.uint32) & 0xffff0000).view(np.float32)
        header = json.dumps({"b16": {"dtype": "BF16", "shape": [3, 128], "data_offsets": [0, 768]}}).encode()
        files = {
            "vectors.safetensors": (save({"direction": single}), single[1]),
            "half.safetensors": (save({"direction": single.astype(np.float16)}), single.astype(np.float16)[1].astype(np.float32)),
            "brain.safetensors": (len(header).to_bytes(8, "little") + header + (brain.view(np.uint32) >> 16).astype("<u2").tobytes(), brain[1]),
        }
        for name, array in (("c.npy", single * 2), ("f.npy", np.asfortranarray(single * 3)), ("d.npy", single.astype(np.float64) * 4), ("i.npy", np.arange(384, dtype="<i8").reshape(3, 128)),
                            ("cube.npy", single.reshape(1, 3, 128) * 5), ("turned.npy", np.asfortranarray(random.normal(size=(2, 3, 128)).astype(np.float32)))):
            data = io.BytesIO()
            np.save(data, array)
            files[name] = (data.getvalue(), np.float32(array.reshape(-1, 128)[1]))
        for count, (name, (data, expected)) in enumerate(files.items(), 1):
            shown.evaluate(DROP, [name, list(data)])
            until(shown, "name => document.getElementById('status').textContent.startsWith(name)", name)
            until(shown, "name => document.getElementById('change-from')?.selectedOptions[0]?.textContent.startsWith(name)", name)
            self.assertEqual(shown.input_value("#change-kind"), "add")
            self.ready("add", shown)
            shown.fill("#change-row", "1")
            spec, words = self.added(shown, count)
            np.testing.assert_array_equal(np.float32(spec["vector"]), expected, name)
            self.assertIn(name, words)
            if count == 1:
                self.same_as_the_api_s(shown, GIVER, spec)
        shown.set_viewport_size({"width": 360, "height": 740})
        self.assertLessEqual(shown.evaluate("document.documentElement.scrollWidth"), 360)
        shown.fill("#change-row", "6")
        shown.click("#change-add")
        until(shown, "document.getElementById('status').textContent.includes('there is no row 6')")

    def test_broken_and_hostile_files_are_refused_with_the_reason(self):
        shown = self.opened("?panels=change")
        def safetensors(header, data=b""):
            header = header if isinstance(header, bytes) else json.dumps(header).encode()
            return len(header).to_bytes(8, "little") + header + data
        def entry(**more):
            return {"<img src=x>": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **more}}
        data = io.BytesIO()
        np.save(data, np.zeros((2, 3), np.float32))
        numpy = data.getvalue()
        files = {
            "short.safetensors": (b"abc", "too short"), "long.safetensors": ((1 << 62).to_bytes(8, "little") + b"{}", "longer than the file"),
            "text.safetensors": (safetensors(b"{not json"), "no JSON"), "list.safetensors": (safetensors([1]), "no object"),
            "none.safetensors": (safetensors({"__metadata__": {}}), "no tensors"), "outside.safetensors": (safetensors(entry(data_offsets=[0, 16]), bytes(8)), "outside of the file"),
            "other.safetensors": (safetensors(entry(shape=[3]), bytes(8)), "as its shape says"), "type.safetensors": (safetensors(entry(dtype="F8_E4M3"), bytes(8)), "F8_E4M3"),
            "proto.safetensors": (safetensors(entry(dtype="constructor"), bytes(8)), "constructor"), "negative.safetensors": (safetensors(entry(shape=[-2]), bytes(8)), "list of at most 8 counts"),
            "huge.safetensors": (safetensors(entry(shape=[2**52, 2**52]), bytes(8)), "as its shape says"), "empty.safetensors": (safetensors(entry(shape=[0], data_offsets=[0, 0])), "is empty"),
            "cut.npy": (numpy[:-4], "as its shape says"), "head.npy": (numpy[:20], "cut within its header"), "big.npy": (numpy.replace(b"<f4", b">f4"), ">f4"),
            "object.npy": (numpy.replace(b"'<f4'", b"'|O' "), "|O"),
        }
        for name, (data, words) in files.items():
            shown.evaluate(DROP, [name, list(data)])
            until(shown, "([name, words]) => { const told = document.getElementById('status').textContent; return told.startsWith(name) && told.includes(words); }", [name, words])
        self.assertEqual(shown.locator("img").count(), 0)
        shown.evaluate(DROP, ["named.safetensors", list(safetensors(entry(), np.float32([1, np.nan]).tobytes()))])
        until(shown, "document.getElementById('change-from').selectedOptions[0]?.textContent.includes('<img src=x>')")
        shown.fill("#change-row", "0")
        shown.click("#change-add")
        until(shown, "document.getElementById('status').textContent.includes('not finite')")
        self.assertEqual(shown.locator("#panel-change img").count(), 0)


if __name__ == "__main__":
    unittest.main()
