// An attribution graph as the page has it: read from Neuronpedia's schema, pruned to what is looked at, nodes put together under a
// name. Files come from anybody, so what is read is checked first. Nothing here draws or asks the server.

const most = { nodes: 20_000, links: 1_048_576, tokens: 1_000_000, layers: 10_000, groups: 200, drawn: 1500 };

const kinds = {
  embedding: "embedding", "position embedding": "place", "attention head": "head", "mlp reconstruction error": "mlp", bias: "bias", logit: "logit",
};

class GraphError extends Error {}
function check(isRight, where, wanted) {
  if (!isRight) throw new GraphError(`This is no attribution graph in Neuronpedia's schema: ${where} should be ${wanted}`);
}

/** A graph from its document: `{document, slug, tokens, nodes, links, into, heaviest}`, where `links` know their `share` of all that goes into their target. */
export function readGraph(document) {
  check(document && typeof document === "object" && !Array.isArray(document), "the file", "a JSON object");
  const { metadata, nodes, links } = document;
  check(metadata && typeof metadata === "object", "metadata", "an object");
  check(Array.isArray(metadata.prompt_tokens) && metadata.prompt_tokens.length <= most.tokens, "metadata.prompt_tokens", "a list of texts");
  check(metadata.prompt_tokens.every((one) => typeof one === "string"), "metadata.prompt_tokens", "a list of texts");
  check(Array.isArray(nodes) && nodes.length > 0 && nodes.length <= most.nodes, "nodes", `a list of 1 to ${most.nodes} nodes`);
  check(Array.isArray(links) && links.length <= most.links, "links", `a list of ${most.links} links at most`);
  const read = new Map(nodes.map((node, index) => [node?.node_id, readNode(node, index, metadata.prompt_tokens.length)]));
  check(read.size === nodes.length, "nodes[].node_id", "different for each node");
  const top = 1 + Math.max(0, ...[...read.values()].filter((node) => node.kind !== "logit").map((node) => node.layer));
  for (const node of read.values()) if (node.kind === "logit") node.layer = top;
  const made = links.map((link, index) => readLink(link, index, read));
  const into = new Map();
  for (const link of made) into.set(link.target, (into.get(link.target) ?? 0) + Math.abs(link.weight));
  for (const link of made) link.share = into.get(link.target) ? Math.abs(link.weight) / into.get(link.target) : 0;
  return {
    document, slug: String(metadata.slug ?? ""), tokens: metadata.prompt_tokens, nodes: read, links: made, into,
    heaviest: made.reduce((high, link) => Math.max(high, Math.abs(link.weight)), 0),
  };
}

function readNode(node, index, tokens) {
  const where = `nodes[${index}]`;
  check(node && typeof node === "object" && typeof node.node_id === "string" && node.node_id.length <= 400, `${where}.node_id`, "a text");
  check(Number.isInteger(node.ctx_idx) && node.ctx_idx >= 0 && node.ctx_idx < tokens, `${where}.ctx_idx`, "one of the positions of metadata.prompt_tokens");
  const layer = node.layer === "E" ? -1 : Number(node.layer);
  check(Number.isInteger(layer) && layer >= -1 && layer < most.layers, `${where}.layer`, "E or the number of a layer");
  return {
    id: node.node_id, kind: Object.hasOwn(kinds, node.feature_type) ? kinds[node.feature_type] : "feature", layer, position: node.ctx_idx,
    head: Number.isInteger(node.head) ? node.head : undefined, name: typeof node.clerp === "string" && node.clerp ? node.clerp : node.node_id,
    influence: Number.isFinite(node.influence) ? node.influence : null, activation: Number.isFinite(node.activation) ? node.activation : null,
  };
}

function readLink(link, index, nodes) {
  check(nodes.has(link?.source), `links[${index}].source`, "the node_id of a node");
  check(nodes.has(link.target), `links[${index}].target`, "the node_id of a node");
  check(Number.isFinite(link.weight), `links[${index}].weight`, "a number");
  return { source: link.source, target: link.target, weight: link.weight };
}

/** What somebody marked in a graph, as far as its nodes are there: `{pinned: Set, groups: [{name, ids}]}`. */
export function readMarks(graph, { pinnedIds, supernodes } = {}) {
  const taken = new Set();
  const fresh = (id) => graph.nodes.has(id) && !taken.has(id) && taken.add(id);
  const groups = (Array.isArray(supernodes) ? supernodes : []).slice(0, most.groups)
    .filter((list) => Array.isArray(list) && typeof list[0] === "string")
    .map(([name, ...ids]) => ({ name: name.slice(0, 80), ids: ids.filter(fresh) })).filter(({ ids }) => ids.length > 0);
  const pinned = new Set((Array.isArray(pinnedIds) ? pinnedIds : []).filter((id) => graph.nodes.has(id)));
  return { pinned, groups };
}

/** The graph's document with what is marked in it. */
export function written({ document }, { pinned, groups }, clicked) {
  const qParams = { pinnedIds: [...pinned], supernodes: groups.map(({ name, ids }) => [name, ...ids]), clickedId: clicked ?? "" };
  return { ...document, qParams: { linkType: "both", sg_pos: "", ...document.qParams, ...qParams } };
}

/**
 * What is looked at: links with at least a share of what goes into their target, between the nodes that carry an influence, as far as
 * they lead to a logit or to a node that is marked. Where that is more than can be read, the share is raised, and told as `least`.
 */
export function lookedAt(graph, { influence, share }, { pinned, groups }) {
  const marked = new Set([...pinned, ...groups.flatMap(({ ids }) => ids)]);
  const isShown = ({ id, kind, influence: own }) => kind === "logit" || kind === "embedding" || marked.has(id) || own === null || own <= influence;
  let links = graph.links.filter((link) => link.share >= share && link.weight !== 0 && isShown(graph.nodes.get(link.source)) && isShown(graph.nodes.get(link.target)));
  let least = share;
  if (links.length > most.drawn) {
    links = links.toSorted((one, other) => other.share - one.share).slice(0, most.drawn);
    least = links.at(-1).share;
  }
  const into = Map.groupBy(links, (link) => link.target);
  const kept = new Set([...marked, ...[...graph.nodes.values()].filter((node) => node.kind === "logit").map((node) => node.id)]);
  const edges = [];
  const waiting = [...kept];
  while (waiting.length) {
    for (const link of into.get(waiting.pop()) ?? []) {
      edges.push(link);
      if (!kept.has(link.source)) { kept.add(link.source); waiting.push(link.source); }
    }
  }
  return { ...together(graph, [...kept], edges, groups), least };
}

/** The largest share that leaves enough links to see ways by; graphs whose nodes read from very many need a small one. */
export function startingShare(graph, marks) {
  return [0.2, 0.1, 0.05, 0.03, 0.02, 0.015, 0.01, 0.005].find((share) => lookedAt(graph, { influence: 1, share }, marks).edges.length >= 60) ?? 0;
}

export const groupID = (index) => `supernode-${index}`;

/** Puts the nodes of each group into one, and the links between two ends into one of their summed weight. */
function together(graph, ids, links, groups) {
  const home = new Map(groups.flatMap(({ ids: members }, index) => members.map((id) => [id, groupID(index)])));
  const at = (id) => home.get(id) ?? id;
  const nodes = [...ids.filter((id) => !home.has(id)).map((id) => graph.nodes.get(id)), ...groups.map((group, index) => nodeOf(graph, group, index))];
  const edges = new Map();
  for (const { source, target, weight } of links) {
    const [from, to] = [at(source), at(target)];
    if (from === to) continue;
    const key = JSON.stringify([from, to]);
    const edge = edges.get(key) ?? { source: from, target: to, weight: 0 };
    edge.weight += weight;
    edges.set(key, edge);
  }
  const heaviest = Math.max(graph.heaviest, ...[...edges.values()].map((edge) => Math.abs(edge.weight)));
  return { nodes, edges: [...edges.values()].map((edge) => ({ ...edge, size: heaviest ? Math.abs(edge.weight) / heaviest : 0 })) };
}

/** A group stands where most of it is, in the middle of its layers. */
function nodeOf(graph, { name, ids }, index) {
  const members = ids.map((id) => graph.nodes.get(id));
  const [position] = [...Map.groupBy(members, (node) => node.position)].sort(([, one], [, other]) => other.length - one.length)[0];
  const layer = Math.round(members.reduce((sum, node) => sum + node.layer, 0) / members.length);
  return { id: groupID(index), kind: "group", layer, position, name, members: ids };
}

/** What some nodes together read and write, of the whole graph: `{id, weight, share}`, the heaviest first. */
export function sidesOf(graph, ids) {
  const inside = new Set(ids);
  const gather = (links, end, whole) => {
    const found = new Map();
    for (const link of links) {
      const one = found.get(link[end]) ?? { id: link[end], weight: 0, size: 0 };
      one.weight += link.weight;
      one.size += Math.abs(link.weight);
      found.set(link[end], one);
    }
    return [...found.values()].map((one) => ({ ...one, share: whole(one.id) ? one.size / whole(one.id) : 0 })).sort((one, other) => other.share - one.share);
  };
  const read = graph.links.filter((link) => inside.has(link.target) && !inside.has(link.source));
  const all = read.reduce((sum, link) => sum + Math.abs(link.weight), 0);
  return {
    reads: gather(read, "source", () => all),
    writes: gather(graph.links.filter((link) => inside.has(link.source) && !inside.has(link.target)), "target", (id) => graph.into.get(id)),
  };
}
