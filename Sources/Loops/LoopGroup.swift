import Synchronization

/// A few loops that share many connections.
package final class LoopGroup: Sendable {
  /// The loops.
  package let loops: [Loop]
  private let turn = Atomic(0)

  /// Makes loops.
  ///
  /// - Parameter count: how many; by default half of the processors, so that the model has the rest.
  package init(label: String, count: Int? = nil) {
    let count = count ?? Fence.processorCount / 2
    loops = (0..<max(1, count)).map { Loop(label: "\(label).\($0)") }
  }

  /// Returns when each loop has come to work that was given to it just now.
  package func haveATurn() async {
    for loop in loops {
      await withCheckedContinuation { waiting in loop.execute { waiting.resume() } }
    }
  }

  /// The next loop in turn.
  package func next() -> Loop {
    let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: turn) % UInt(loops.count))]
  }
}
