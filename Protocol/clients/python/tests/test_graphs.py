"""What made a token: attribution graphs, and the flow of information."""

from __future__ import annotations

import asyncio

import pytest
from conftest import Server

from neuroscope import AsyncNeuroScopeClient, NeuroScopeClient, NeuroScopeError

PROMPT = "Mary and John met. John gave it to"


def test_a_graph_is_found_kept_and_read(client: NeuroScopeClient) -> None:
    graph = client.graph(PROMPT, answer=" Mary", wrong=" John", node_threshold=0.5)
    assert graph == client.describe_graph(graph["metadata"]["slug"])
    assert graph["metadata"]["pruning_settings"]["node_threshold"] == 0.5
    weights = {(link["source"], link["target"]): link["weight"] for link in graph["links"]}
    names = {node["node_id"] for node in graph["nodes"]}
    assert weights and {end for link in weights for end in link} <= names


def test_a_graph_of_a_run_is_that_of_the_tokens_before_it(client: NeuroScopeClient) -> None:
    run = client.run(PROMPT, max_tokens=3)
    tokens = [*run.prompt_tokens, *run.tokens]
    of_run = client.graph(run_id=run.run_id, step=1)
    for tokens_as_given in (tokens[:-2], tuple(tokens[:-2])):
        of_tokens = client.graph(tokens_as_given, progress=False)
        assert of_run["nodes"] == of_tokens["nodes"] and of_run["links"] == of_tokens["links"]


def test_a_wrong_answer_is_refused_in_the_server_s_words(client: NeuroScopeClient) -> None:
    with pytest.raises(NeuroScopeError) as refused:
        client.graph(PROMPT, answer=" two tokens at once")
    assert refused.value.details["field"] == "answer"


def test_a_flow_has_the_threshold_that_was_asked_for(server: Server, client: NeuroScopeClient) -> None:
    flow = client.flow(PROMPT, threshold=0.1, granularity="layer")
    assert flow["threshold"] == 0.1 and flow["edges"]
    assert all(0.1 <= edge["share"] <= 1 for edge in flow["edges"])

    async def asked() -> object:
        async with AsyncNeuroScopeClient(server.url) as other:
            return await other.flow(PROMPT, threshold=0.1, granularity="layer")

    assert asyncio.run(asked()) == flow
