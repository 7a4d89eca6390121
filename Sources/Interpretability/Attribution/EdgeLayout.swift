package import Hooks

/// The edges of a model, numbered: from what writes to the residual stream to what reads it (Conmy and others 2023, whose
/// graph of it ACDC, EAP and the MIB benchmark cut).
///
/// Senders are the tokens' embeddings, the heads and the feed-forward parts or experts. Readers are the queries of each
/// head, the keys and the values of each key/value head, the feed-forward parts, and the logits. An edge is of all positions.
///
///     senders   embeddings · layer 0: heads [H], mlp · layer 1 …
///     edges     layer 0: readers [H + 2K][senders before], mlp [senders before, its heads] · layer 1 … · logits [senders]
package struct EdgeLayout: Sendable, Equatable {
  package let layers: Int
  package let heads: Int
  package let keyValueHeads: Int
  /// Whether feed-forward parts read what the attention beside them reads.
  package let isParallel: Bool

  package init(_ catalogue: HookCatalogue) {
    layers = catalogue.layers
    heads = catalogue.heads
    keyValueHeads = catalogue.keyValueHeads
    isParallel = !catalogue.sites.contains(.residualMid)
  }

  package var senders: Int { senders(before: layers) }
  /// Readers of a layer's attention.
  var readers: Int { heads + 2 * keyValueHeads }

  func senders(before layer: Int) -> Int { 1 + layer * (heads + 1) }
  /// Senders that a layer's feed-forward part reads.
  func sendersOfMLP(_ layer: Int) -> Int { senders(before: layer) + (isParallel ? 0 : heads) }
  func sender(head: Int, layer: Int) -> Int { senders(before: layer) + head }
  func sender(mlp layer: Int) -> Int { senders(before: layer) + heads }

  /// The first edge of a layer's readers; of the logits', behind the last.
  func firstEdge(of layer: Int) -> Int {
    let before = layer + (heads + 1) * (layer * (layer - 1) / 2)
    return (readers + 1) * before + (isParallel ? 0 : layer * heads)
  }
  /// The first edge of a layer's feed-forward part.
  func firstEdge(ofMLP layer: Int) -> Int {
    firstEdge(of: layer) + readers * senders(before: layer)
  }
  /// Edges in all.
  package var count: Int { firstEdge(of: layers) + senders }

  /// The edge from a sender to a reader; nil where the reader stands before it.
  package func edge(_ sender: PathSender, _ receiver: PathReceiver) -> Int? {
    let layer = receiver.layer
    guard sender.reaches(receiver, isParallel: isParallel) else { return nil }
    let number: Int
    switch sender.part {
    case .embedding: number = 0
    case .head: number = self.sender(head: sender.head ?? 0, layer: sender.layer)
    case .mlp: number = self.sender(mlp: sender.layer)
    }
    let reader: Int
    switch receiver.part {
    case .query: reader = receiver.head ?? 0
    case .key: reader = heads + (receiver.head ?? 0)
    case .value: reader = heads + keyValueHeads + (receiver.head ?? 0)
    case .mlp: return firstEdge(ofMLP: layer) + number
    case .logits: return firstEdge(of: layers) + number
    }
    return firstEdge(of: layer) + reader * senders(before: layer) + number
  }

  /// Where an edge begins and ends.
  package func ends(_ edge: Int) -> (sender: PathSender, receiver: PathReceiver) {
    guard edge < firstEdge(of: layers) else {
      return (sender(edge - firstEdge(of: layers)), PathReceiver(.logits))
    }
    let layer = (0..<layers).last { firstEdge(of: $0) <= edge } ?? 0
    guard edge < firstEdge(ofMLP: layer) else {
      return (sender(edge - firstEdge(ofMLP: layer)), PathReceiver(.mlp, layer: layer))
    }
    let (reader, number) = (edge - firstEdge(of: layer)).quotientAndRemainder(
      dividingBy: senders(before: layer))
    let receiver =
      if reader < heads {
        PathReceiver(.query, layer: layer, head: reader)
      } else if reader < heads + keyValueHeads {
        PathReceiver(.key, layer: layer, head: reader - heads)
      } else {
        PathReceiver(.value, layer: layer, head: reader - heads - keyValueHeads)
      }
    return (sender(number), receiver)
  }

  func sender(_ number: Int) -> PathSender {
    guard number > 0 else { return PathSender(.embedding) }
    let (layer, place) = (number - 1).quotientAndRemainder(dividingBy: heads + 1)
    return place < heads
      ? PathSender(.head, layer: layer, head: place) : PathSender(.mlp, layer: layer)
  }
}

/// How much of each edge is cut: 0 leaves it as it is, 1 replaces all that goes through it.
enum EdgeCut: Sendable {
  case all(Float)
  /// By ``EdgeLayout``'s numbers.
  case each([Float])

  /// Whole edges, all but those that are true.
  static func keeping(_ kept: [Bool]) -> EdgeCut { .each(kept.map { $0 ? 0 : 1 }) }
}
