internal import Synchronization

/// The graphs that the server keeps, within bounds: the one that was asked for longest ago goes first.
final class GraphStore: Sendable {
  static let mostGraphs = 64
  static let mostBytes = 256 << 20

  /// The last one is the one used last.
  private let graphs = Mutex<[KeptGraph]>([])

  /// Those that somebody may see, the newest use first.
  func all(_ isSeen: (KeptGraph) -> Bool) -> [KeptGraph] {
    graphs.withLock { $0.reversed().filter(isSeen) }
  }

  /// Keeps a graph, and lets go of what there is no room for beside it.
  func keep(_ graph: KeptGraph) {
    graphs.withLock { graphs in
      graphs.append(graph)
      var bytes = graphs.reduce(0) { $0 + $1.bytes }
      while graphs.count > 1, graphs.count > Self.mostGraphs || bytes > Self.mostBytes {
        bytes -= graphs.removeFirst().bytes
      }
    }
  }

  /// The graph of a name, which is used by that.
  func graph(_ slug: String, _ isSeen: (KeptGraph) -> Bool) -> KeptGraph? {
    graphs.withLock { graphs in
      guard let index = graphs.firstIndex(where: { $0.slug == slug && isSeen($0) }) else {
        return nil
      }
      let graph = graphs.remove(at: index)
      graphs.append(graph)
      return graph
    }
  }

  /// Notes how a graph stood its check, if it is still there.
  func note(_ verification: GraphVerification, of slug: String) {
    graphs.withLock { graphs in
      guard let index = graphs.firstIndex(where: { $0.slug == slug }) else { return }
      graphs[index].verified = verification
    }
  }

  /// Lets others read a graph, or its owner alone.
  func share(_ slug: String, _ isShared: Bool) {
    graphs.withLock { graphs in
      guard let index = graphs.firstIndex(where: { $0.slug == slug }) else { return }
      graphs[index].isShared = isShared
    }
  }

  /// Forgets a graph.
  func remove(_ slug: String) {
    graphs.withLock { $0.removeAll { $0.slug == slug } }
  }
}
