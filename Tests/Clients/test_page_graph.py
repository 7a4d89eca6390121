"""The attribution graph as a person uses it: asked for, read, marked, checked, saved, opened; against the graph that the server keeps."""

import json
import pathlib
import unittest

from dashboard import DROP, GIVER, PageTest, until
from server import shared

WIDEST = 7
PICTURE = ".panel-graph .circuit"


def looked_at(graph, share):
    """The links of a graph that are drawn at a share of what goes into their node: those that lead to a logit."""
    into = {}
    for link in graph["links"]:
        into[link["target"]] = into.get(link["target"], 0) + abs(link["weight"])
    strong = [link for link in graph["links"] if link["weight"] and abs(link["weight"]) / into[link["target"]] >= share]
    kept = [node["node_id"] for node in graph["nodes"] if node["feature_type"] == "logit"]
    links = []
    for name in kept:
        for link in strong:
            if link["target"] == name:
                links.append(link)
                if link["source"] not in kept:
                    kept.append(link["source"])
    return kept, links


def ways(links, chosen):
    """All nodes on ways through one."""
    found = {chosen}
    for start, end in (("source", "target"), ("target", "source")):
        waiting = [chosen]
        seen = {chosen}
        while waiting:
            name = waiting.pop()
            for link in links:
                if link[start] == name and link[end] not in seen:
                    seen.add(link[end])
                    waiting.append(link[end])
        found |= seen
    return found


class Graphs(PageTest):
    def asked(self, shown, position=14):
        """The graph of the chosen token, by the button; what the server keeps of it."""
        shown.click(f".chip[data-position='{position}']")
        before = self.run_id(shown, "graph")
        shown.wait_for_selector("#graph-ask:not([disabled])")
        shown.click("#graph-ask")
        slug = until(shown, "before => { const slug = new URLSearchParams(location.search).get('graph'); return slug !== before && slug; }", before, 60)
        shown.wait_for_selector(f"{PICTURE} svg")
        return shared().json("GET", f"/v1/graphs/{slug}")

    def kept(self):
        slug = shared().json("POST", "/v1/analyses", {"analysis": "attribution_graph", "prompt": GIVER, "answer": " Mary", "wrong": " John"})["slug"]
        return slug, shared().json("GET", f"/v1/graphs/{slug}")

    def slide(self, shown, name, value):
        shown.evaluate("([id, value]) => { const one = document.getElementById(id); one.value = value; one.dispatchEvent(new Event('input')); }", [name, str(value)])

    def drawn(self, shown):
        return shown.locator(f"{PICTURE} .edge").evaluate_all(
            "all => all.map((one) => [one.dataset.source, one.dataset.target, Number(one.getAttribute('stroke-width')), one.classList.contains('against')])")

    def node(self, shown, name):
        return shown.locator(f"{PICTURE} [data-node='{name}']")

    def saved(self, shown):
        with shown.expect_download() as waiting:
            shown.click("#save-graph")
        return json.loads(pathlib.Path(waiting.value.path()).read_text())

    def test_the_chosen_token_s_graph_is_asked_for_and_drawn_as_the_server_made_it(self):
        shown = self.opened("?panels=", color_scheme="light")
        run = self.run_plain(shown)
        shown.keyboard.press("Escape")
        shown.evaluate("document.activeElement.blur()")
        shown.keyboard.press("0")
        shown.wait_for_selector("#panel-graph")
        answer = self.events(run, "token")
        for position in (14, 16, 5):
            graph = self.asked(shown, position)
            target = next(node for node in graph["nodes"] if node["feature_type"] == "logit")
            if position >= 14:
                self.assertEqual(target["feature"], answer[position - 14]["token_id"])
            self.assertEqual(len(graph["metadata"]["prompt_tokens"]), position)
        self.asked(shown, 14)
        graph = shared().json("GET", f"/v1/graphs/{self.run_id(shown, 'graph')}")
        heaviest = max(abs(link["weight"]) for link in graph["links"])
        for share in (0.01, 0.03, 0.1, 0):
            self.slide(shown, "graph-share", share)
            nodes, links = looked_at(graph, share)
            until(shown, f"document.querySelectorAll('{PICTURE} .edge').length === {len(links)}")
            drawn = {(source, target): (width, against) for source, target, width, against in self.drawn(shown)}
            self.assertEqual(set(drawn), {(link["source"], link["target"]) for link in links})
            for link in links:
                width, against = drawn[link["source"], link["target"]]
                self.assertAlmostEqual(width, abs(link["weight"]) / heaviest * WIDEST, delta=1e-3)
                self.assertEqual(against, link["weight"] < 0)
            self.assertEqual({node: True for node in nodes}, {node: True for node in shown.locator(f"{PICTURE} .node").evaluate_all("all => all.map((one) => one.dataset.node)")})
        # Upwards by layer, sideways by position.
        places = shown.locator(f"{PICTURE} .node").evaluate_all(
            "all => Object.fromEntries(all.map((one) => { const {e, f} = one.transform.baseVal.consolidate().matrix; return [one.dataset.node, [e, f]]; }))")
        by_name = {node["node_id"]: node for node in graph["nodes"]}
        heads = [by_name[name] for name in places if by_name[name]["feature_type"] == "attention head"]
        for one in heads:
            for other in heads:
                if int(one["layer"]) < int(other["layer"]):
                    self.assertGreater(places[one["node_id"]][1], places[other["node_id"]][1])
                if one["ctx_idx"] < other["ctx_idx"]:
                    self.assertLess(places[one["node_id"]][0], places[other["node_id"]][0])

    def test_fewer_nodes_are_those_that_carry_more_influence(self):
        slug, graph = self.kept()
        shown = self.opened(f"?graph={slug}&panels=graph")
        shown.wait_for_selector(f"{PICTURE} svg")
        self.slide(shown, "graph-share", 0)
        self.slide(shown, "graph-influence", 0.5)
        influence = {node["node_id"]: node.get("influence", 0) for node in graph["nodes"] if node["feature_type"] not in ("embedding", "logit")}
        until(shown, "document.getElementById('graph-told').textContent.startsWith('50 %')")
        names = shown.locator(f"{PICTURE} .node").evaluate_all("all => all.map((one) => one.dataset.node)")
        self.assertTrue(names)
        self.assertLessEqual(max(influence.get(name, 0) for name in names), 0.5)
        left = {"nodes": [node for node in graph["nodes"] if influence.get(node["node_id"], 0) <= 0.5]}
        known = {node["node_id"] for node in left["nodes"]}
        left["links"] = [link for link in graph["links"] if link["source"] in known and link["target"] in known]
        self.assertEqual(set(names), set(looked_at(left, 0)[0]))

    def test_a_node_lights_its_ways_and_tells_what_it_reads_and_writes(self):
        slug, graph = self.kept()
        shown = self.opened(f"?graph={slug}&panels=graph,change")
        shown.wait_for_selector(f"{PICTURE} svg")
        share = float(shown.input_value("#graph-share"))
        _, links = looked_at(graph, share)
        name = next(link["source"] for link in sorted(links, key=lambda link: -abs(link["weight"])) if link["source"].startswith("H_"))
        self.node(shown, name).click()
        shown.wait_for_selector("#node-facts")
        lit = ways(links, name)
        dim = shown.locator(f"{PICTURE} .node.dim").evaluate_all("all => all.map((one) => one.dataset.node)")
        everything = shown.locator(f"{PICTURE} .node").evaluate_all("all => all.map((one) => one.dataset.node)")
        self.assertEqual(set(everything) - set(dim), lit)
        found = next(node for node in graph["nodes"] if node["node_id"] == name)
        self.assertEqual(shown.text_content("#graph-side .node-name"), found["clerp"])
        total = sum(abs(link["weight"]) for link in graph["links"] if link["target"] == name)
        expected = sorted(((abs(link["weight"]) / total, link["source"]) for link in graph["links"] if link["target"] == name), reverse=True)
        told = shown.locator("#graph-side .graph-list").first.locator("li").evaluate_all(
            "all => all.map((one) => [one.querySelector('[data-link]').dataset.link, one.querySelector('.share').textContent])")
        self.assertEqual([percent for _, percent in told], [f"{one * 100:.1f} %" for one, _ in expected[:8]])
        self.assertEqual(told[0][0], expected[0][1])
        shown.locator("#graph-side .graph-list").first.locator("[data-link]").first.click()
        until(shown, "name => document.querySelector('#graph-side .node-name').textContent === name",
              next(node["clerp"] for node in graph["nodes"] if node["node_id"] == expected[0][1]))
        self.node(shown, name).click()
        shown.click("#cut-graph-node")
        until(shown, f"document.getElementById('changes').textContent.includes('cut head {found['head']} of layer {found['layer']}')")

    def test_nodes_are_pinned_grouped_named_kept_and_saved(self):
        slug, graph = self.kept()
        shown = self.opened(f"?graph={slug}&panels=graph")
        shown.wait_for_selector(f"{PICTURE} svg")
        self.assertEqual(self.saved(shown), graph)
        _, links = looked_at(graph, float(shown.input_value("#graph-share")))
        heads = list(dict.fromkeys(link["source"] for link in links if link["source"].startswith("H_")))[:2]
        for name in heads:
            self.node(shown, name).focus()
            shown.keyboard.press("Shift+Enter")
        until(shown, "document.querySelectorAll('#pinned li').length === 2")
        shown.fill("#group-name", "name <b>movers</b>")
        shown.click("#group")
        until(shown, f"document.querySelectorAll('{PICTURE} .node.group').length === 1")
        for name in heads:
            self.assertEqual(self.node(shown, name).count(), 0)
        self.assertEqual(shown.text_content("#graph-side .node-name"), "name <b>movers</b>")
        # What goes into the answer from both is one link of their summed weight.
        logit = next(node["node_id"] for node in graph["nodes"] if node["feature_type"] == "logit" and any(link["target"] == node["node_id"] for link in links))
        summed = sum(link["weight"] for link in links if link["source"] in heads and link["target"] == logit)
        widths = {(source, target): width for source, target, width, _ in self.drawn(shown)}
        heaviest = max(abs(link["weight"]) for link in graph["links"])
        self.assertAlmostEqual(widths["supernode-0", logit], abs(summed) / max(heaviest, abs(summed)) * WIDEST, delta=1e-3)
        document = self.saved(shown)
        self.assertEqual(document["qParams"]["pinnedIds"], heads)
        self.assertEqual(document["qParams"]["supernodes"], [["name <b>movers</b>", *heads]])
        self.assertEqual({**document, "qParams": graph["qParams"]}, graph)
        shown.reload()
        shown.wait_for_selector(f"{PICTURE} .node.group")
        other = self.opened("?panels=")
        other.evaluate(DROP, ["mine.json", list(json.dumps(document).encode())])
        other.wait_for_selector(f"{PICTURE} .node.group")
        self.assertEqual(other.get_attribute(f"{PICTURE} .node.group", "aria-label"), "name <b>movers</b>")
        self.assertTrue(other.is_disabled("#verify"))
        self.assertEqual(self.saved(other), document)
        other.click(f"{PICTURE} .node.group")
        other.click("#ungroup")
        until(other, f"document.querySelectorAll('{PICTURE} .node.group').length === 0")

    def test_a_graph_is_verified_and_its_curve_is_the_server_s(self):
        slug, _ = self.kept()
        shown = self.opened(f"?graph={slug}&panels=graph")
        shown.wait_for_selector(f"{PICTURE} svg")
        for replace, corrupted in (("zero", None), ("mean", None), ("corrupted", GIVER.replace("John gave", "Mary gave"))):
            shown.select_option("#verify-replace", replace)
            if corrupted:
                shown.fill("#verify-corrupted", corrupted)
            shown.click("#verify")
            words = {"zero": "zeros", "mean": "their mean", "corrupted": "another prompt's"}[replace]
            until(shown, "words => document.querySelector('[data-number=\"cut gets\"]')?.textContent === words", words, 60)
            expected = shared().json("POST", f"/v1/graphs/{slug}/verify", {"replace": replace, **({"corrupted": corrupted} if corrupted else {})})
            dots = shown.locator("#check .dot").evaluate_all("all => all.map((one) => [Number(one.dataset.nodes), Number(one.dataset.faithfulness), Number(one.getAttribute('cy'))])")
            points = [*expected["curve"], expected["circuit"]]
            self.assertEqual([dot[:2] for dot in dots], [[point["nodes"], point["faithfulness"]] for point in points])
            # Heights are in proportion.
            (_, low, at_low), (_, high, at_high) = min(dots, key=lambda dot: dot[1]), max(dots, key=lambda dot: dot[1])
            for _, value, height in dots:
                self.assertAlmostEqual(height, at_low + (at_high - at_low) * (value - low) / (high - low), delta=0.05)
            self.assertEqual(shown.text_content("[data-number=faithfulness]"), f"{expected['faithfulness'] * 100:.1f} %".replace("-", "−"))
        self.assertEqual(self.saved(shown)["metadata"]["verified"]["replace"], "corrupted")
        shown.fill("#verify-corrupted", "short")
        shown.click("#verify")
        until(shown, "document.querySelector('.graph-check .bad')?.textContent.includes('corrupted')")
        # A browser complains of every answer that is a refusal.
        self.assertIn("400", shown.complaints.pop())

    def test_a_question_is_left_and_another_is_asked(self):
        shown = self.opened("?panels=graph")
        self.run_plain(shown, GIVER + " Mary. " + "Then Mary and John went to the school. " * 5, tokens=2)
        before = shared().json("GET", "/v1/graphs")["graphs"]
        # A hand would come too late.
        shown.evaluate("""() => new MutationObserver((_, watch) => {
          const cancel = document.getElementById("graph-cancel");
          if (cancel && document.querySelector("#graph-progress")?.value > 0) { watch.disconnect(); cancel.click(); }
        }).observe(document.getElementById("panels"), {subtree: true, childList: true})""")
        shown.click("#graph-ask")
        until(shown, "document.getElementById('status').textContent.includes('not looked for any more')")
        until(shown, "document.getElementById('graph-progress') === null")
        # So long a text may have fewer nodes than are asked for first, which the browser complains of.
        self.assertIn("400", shown.complaints.pop())
        self.asked(shown, 6)
        after = [one["slug"] for one in shared().json("GET", "/v1/graphs")["graphs"]]
        self.assertEqual(set(after) - {one["slug"] for one in before}, {self.run_id(shown, "graph")})

    def test_kept_graphs_are_opened_forgotten_and_linked(self):
        slug, graph = self.kept()
        shown = self.opened("?panels=graph")
        shown.wait_for_selector(f"#graph-kept option[value='{slug}']", state="attached")
        shown.select_option("#graph-kept", slug)
        shown.wait_for_selector(f"{PICTURE} svg")
        other = self.opened(shown.url[len(shared().url) + 1:])
        other.wait_for_selector(f"{PICTURE} svg")
        self.assertEqual(self.saved(other), graph)
        shown.click("#forget-graph")
        until(shown, "!new URLSearchParams(location.search).get('graph')")
        self.assertEqual(shared().call("GET", f"/v1/graphs/{slug}")[0], 404)
        other.reload()
        other.wait_for_selector("#panel-graph .emptiness[data-state=failed]")
        self.assertIn("404", other.complaints.pop())

    def test_the_keyboard_alone_asks_walks_and_pins(self):
        shown = self.opened("?panels=graph")
        self.run_plain(shown)
        shown.focus(".chip[data-position='14']")
        shown.keyboard.press("Enter")
        shown.focus("#graph-ask")
        shown.keyboard.press("Enter")
        shown.wait_for_selector(f"{PICTURE} svg")
        self.assertEqual(shown.locator(f"{PICTURE} .node[tabindex='0']").count(), 1)
        shown.locator(f"{PICTURE} .node[tabindex='0']").focus()
        height = "document.activeElement.transform.baseVal.consolidate().matrix.f"
        before = shown.evaluate(height)
        for _ in range(3):
            shown.keyboard.press("ArrowDown")
            after = shown.evaluate(height)
            self.assertGreater(after, before)
            before = after
        name = shown.evaluate("document.activeElement.dataset.node")
        shown.keyboard.press("Enter")
        until(shown, "name => document.activeElement.dataset.node === name && document.activeElement.classList.contains('chosen')", name)
        shown.keyboard.press("Shift+Enter")
        until(shown, "document.getElementById('pin-node').textContent === 'unpin'")

    def test_hostile_and_broken_files_are_text_or_refused(self):
        _, graph = self.kept()
        shown = self.opened("?panels=graph", viewport={"width": 900, "height": 800})
        texts = ["<img src=x onerror=\"document.title='owned'\">", "\u202eabc\u2066def\u200b", "👨‍👩‍👧‍👦🏳️‍🌈" * 90, "x" * 10_000, "__proto__"]
        graph["metadata"]["prompt_tokens"] = [texts[place % len(texts)] for place in range(14)]
        graph["metadata"]["model"] = texts[0]
        graph["metadata"]["slug"] = "../" + texts[0]
        for place, node in enumerate(graph["nodes"]):
            node["clerp"] = texts[place % len(texts)]
            node["feature_type"] = node["feature_type"] if place % 3 else "constructor"
        graph["qParams"]["supernodes"] = [[texts[0], *[node["node_id"] for node in graph["nodes"][:2]]], ["empty"], "no list", [7, "x"]]
        shown.evaluate(DROP, ["hostile.json", list(json.dumps(graph).encode())])
        shown.wait_for_selector(f"{PICTURE} svg")
        self.slide(shown, "graph-share", 0)
        for name in [node["node_id"] for node in graph["nodes"][2:7]]:
            if self.node(shown, name).count():
                self.node(shown, name).focus()
                shown.keyboard.press("Enter")
                shown.wait_for_timeout(50)
        self.assertEqual(shown.title(), "NeuroScope")
        self.assertEqual(shown.locator("#panel-graph img, #panel-graph script").count(), 0)
        self.assertLessEqual(shown.evaluate("document.documentElement.scrollWidth"), 900)
        self.assertNotRegex(shown.text_content("#panel-graph"), "[\u202a-\u202e\u2066-\u2069\u200b]")
        _, graph = self.kept()
        broken = {
            "links[3].target": lambda: graph["links"][3].update(target="absent"), "nodes[2].ctx_idx": lambda: graph["nodes"][2].update(ctx_idx=14),
            "nodes[1].layer": lambda: graph["nodes"][1].update(layer="1e99"), "nodes": lambda: graph.update(nodes=[]),
            "metadata.prompt_tokens": lambda: graph["metadata"].update(prompt_tokens=[1]), "metadata": lambda: graph.update(metadata=None)}
        for field, spoil in broken.items():
            spoil()
            shown.evaluate(DROP, ["broken.json", list(json.dumps(graph).encode())])
            until(shown, "field => document.getElementById('status').textContent.includes(`${field} should be`)", field)
        shown.evaluate(DROP, ["half.json", list(b'{"metadata":')])
        until(shown, "document.getElementById('status').textContent.includes('half.json')")


if __name__ == "__main__":
    unittest.main()
