"""Mixtures of experts live: what is routed where, what each expert says, and routing changed while a run goes on.

The bundled model has no experts; the one here is the references' (`NEUROSCOPE_REFERENCES`), with four of them, two a token.
"""

import os
import unittest

import numpy as np

from runs import Runs, events, unnumbered
from server import Server

MODEL = os.path.join(os.environ.get("NEUROSCOPE_REFERENCES", ""), "gpt_oss", "mlx-q4-g32")
ROUTER = {"layer_name": "blocks.1.mlp.hook_router_logits", "component": "moe"}
CHOICE = {"layer_name": "blocks.1.mlp.hook_experts", "component": "moe", "hook_id": "choice"}
RESIDUAL = {"layer_name": "transformer.h.3", "component": "residual", "hook_id": "r"}
PROMPT = {"tokens": [17, 250, 31, 8, 99, 250, 31], "temperature": 1, "seed": 4, "max_tokens": 12, "ignore_eos": True}


@unittest.skipUnless(os.path.isdir(MODEL), "the references' mixture of experts was not made")
class Experts(Runs, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--model", MODEL)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def start(self, **body):
        return super().start(**{**PROMPT, **body})

    def captured(self, run):
        """Each hook's numbers by position: {hook: {position: row}}."""
        found = {}
        for name, _, event in events(self.stream(run, "?tensors=json")):
            if name == "activation":
                first, end = event["positions"]
                rows = np.asarray(event["data"], np.float64)[0]
                for position, row in zip(event.get("position_list") or range(first, end), rows, strict=True):
                    found.setdefault(event["hook_id"], {})[position] = row
        return found

    def chosen(self, run):
        """The experts of each generated token's position, in the order of the steps."""
        by_position = self.captured(run)["choice"]
        last = len(PROMPT["tokens"]) - 1
        return [set(by_position[position].astype(int)) for position in sorted(by_position) if position >= last]

    def test_every_name_of_the_listing_is_a_hook(self):
        listing = self.server.json("GET", f"/v1/models/{os.path.basename(MODEL)}/hook_points")["hook_points"]
        hooks = [{"layer_name": point["name"], "component": point["component"], "hook_id": point["name"]}
                 for point in listing]
        self.assertEqual(sum(point["component"] == "expert" for point in listing), 4 * 4)
        stream = self.stream(self.finished(activation_hooks=hooks), "?tensors=none")
        captured = {event["hook_id"] for name, _, event in events(stream) if name == "activation"}
        self.assertEqual(captured, {point["name"] for point in listing})
        run = self.start(start="paused")
        for point in listing:
            for hook in point["documented"]:
                self.server.json("POST", f"/v1/runs/{run}/hooks", hook)

    def test_the_layer_is_the_weighted_sum_of_its_experts(self):
        hooks = [{"layer_name": "transformer.h.1", "component": "moe", "hook_id": "sum"}, CHOICE,
                 {"layer_name": "blocks.1.mlp.hook_weights", "component": "moe", "hook_id": "weights"}]
        hooks += [{"layer_name": f"layers.1.mlp.experts.{expert}", "component": "expert", "hook_id": str(expert)}
                  for expert in range(4)]
        found = self.captured(self.finished(activation_hooks=[{**hook, "dtype": "f32"} for hook in hooks]))
        self.assertEqual(len(found["sum"]), len(PROMPT["tokens"]) + PROMPT["max_tokens"] - 1)
        for position, whole in found["sum"].items():
            parts = [weight * found[str(int(expert))][position]
                     for expert, weight in zip(found["choice"][position], found["weights"][position], strict=True)]
            np.testing.assert_allclose(sum(parts), whole, atol=1e-6 * abs(whole).max() + 1e-7)
        routed = sum(len(found.get(str(expert), {})) for expert in range(4))
        self.assertEqual(routed, 2 * len(found["sum"]), "an expert has the positions that were routed to it, and no other")

    def test_some_experts_of_the_router_are_columns_of_all(self):
        run = self.finished(activation_hooks=[{**ROUTER, "hook_id": "all"}, {**ROUTER, "experts": [3, 1], "hook_id": "two"}])
        found = self.captured(run)
        for position, row in found["all"].items():
            self.assertEqual(list(found["two"][position]), [row[3], row[1]])

    def test_routing_is_changed_while_a_run_goes_on(self):
        """Forced from one step on, banned from another: the run is the offline one that knew both, byte for byte."""
        hooks = [CHOICE, RESIDUAL]
        alone = self.finished(activation_hooks=hooks)
        run = self.start(activation_hooks=hooks, start="paused", record=True)
        beside = self.start(activation_hooks=hooks)
        changes = f"/v1/runs/{run}/interventions"
        forced = {**ROUTER, "kind": "force_experts", "experts": [0, 3], "intervention_id": "f"}
        banned = {**ROUTER, "kind": "ban_experts", "experts": [0], "intervention_id": "b"}
        self.stepped(run, 3)
        first = [self.server.json("POST", changes, forced)["first_step"]]
        self.stepped(run, 4)
        self.server.json("DELETE", f"{changes}/f")
        first.append(self.server.json("POST", changes, banned)["first_step"])
        self.server.json("POST", f"/v1/runs/{run}/resume")
        recording = self.server.wait(run, "finished")["recording_id"]
        self.assertEqual(first, [3, 7])
        choices = self.chosen(run)
        self.assertEqual(choices[:3], self.chosen(alone)[:3])
        self.assertEqual(choices[3:7], [{0, 3}] * 4)
        self.assertFalse(any(0 in choice for choice in choices[7:]))
        offline = self.finished(activation_hooks=hooks, interventions=[
            {**forced, "from_step": 3, "to_step": 6}, {**banned, "from_step": 7}])
        self.assertEqual(unnumbered(self.bytes(run)), unnumbered(self.bytes(offline)))
        self.assertEqual(unnumbered(self.bytes(beside)), unnumbered(self.bytes(alone)))
        applied = [event["first_step"] for name, _, event in events(self.stream(run)) if name == "intervention.applied"]
        self.assertEqual(applied, [3, 7])
        self.assertEqual(self.server.json("POST", f"/v1/recordings/{recording}/verify")["ok"], True)

    def test_one_expert_is_silenced_where_it_is_asked(self):
        silent = {"layer_name": "layers.1.mlp.experts.2", "component": "expert", "kind": "zero"}
        hooks = [CHOICE, {"layer_name": "layers.1.mlp.experts.2", "component": "expert", "hook_id": "expert"}]
        found = self.captured(self.finished(activation_hooks=hooks, interventions=[silent]))
        asked = [position for position, experts in found["choice"].items() if 2 in experts]
        self.assertEqual(sorted(found["expert"]), sorted(asked))
        self.assertGreater(len(asked), 0)
        self.assertTrue(all(not row.any() for row in found["expert"].values()))

    def test_what_routing_can_not_be_is_refused(self):
        for change, words in [
                ({"kind": "force_experts", "experts": [1]}, "2"),
                ({"kind": "force_experts", "experts": [1, 1]}, "2"),
                ({"kind": "force_experts", "experts": [1, 4]}, "4"),
                ({"kind": "ban_experts", "experts": [0, 1, 2]}, "experts"),
                ({"kind": "ban_experts", "experts": [-1]}, "-1"),
                ({"kind": "ban_experts"}, "experts")]:
            status, _, data = self.server.call("POST", "/v1/runs", {**PROMPT, "interventions": [{**ROUTER, **change}]})
            self.assertEqual(status, 400, data)
            self.assertIn(words, data.decode())
            self.assertIn("interventions[0]", data.decode())
        elsewhere = {"layer_name": "lm_head", "component": "logits", "kind": "ban_experts", "experts": [0]}
        status, _, data = self.server.call("POST", "/v1/runs", {**PROMPT, "interventions": [elsewhere]})
        self.assertEqual(status, 400, data)
        self.assertIn("router", data.decode())


if __name__ == "__main__":
    unittest.main()
