import Synchronization

/// One numbered thing that happened in a run: an event, or the frame of one captured tensor.
///
/// Immutable and shared by the ring and by every viewer. The JSON and the renderings are made when
/// the first viewer wants them, and then kept as long as the item.
package final class TopicItem: Sendable {
  /// Whether an item may be missed.
  package enum Kind: Sendable, Hashable {
    /// Never dropped for a viewer.
    case event
    /// May be dropped for a slow viewer, and is then counted in a `gap` under the hook's id.
    case frame(hook: String)
  }

  /// Its number in the run; the first is 0.
  package let sequence: UInt64
  /// The event's name, such as `token`.
  package let type: String
  /// Whether it may be missed.
  package let kind: Kind
  /// The encoded tensor frame; nil for an event.
  package let frame: [UInt8]?
  /// Bytes it counts for in rings and limits.
  package let cost: Int

  private let epoch: String
  private let budget: ByteBudget?
  private let json: @Sendable (TensorForm) -> [UInt8]
  private let renditions = Mutex<[Rendering: [UInt8]]>([:])
  private let renderedByteCount = Atomic(0)

  init(
    sequence: UInt64, type: String, kind: Kind, frame: [UInt8]?, epoch: String, cost: Int,
    budget: ByteBudget?, json: @escaping @Sendable (TensorForm) -> [UInt8]
  ) {
    self.sequence = sequence
    self.type = type
    self.kind = kind
    self.frame = frame
    self.epoch = epoch
    // A fixed charge for the object itself, so that empty events are bounded too.
    self.cost = cost + 128
    self.budget = budget
    self.json = json
    budget?.add(self.cost)
  }

  deinit {
    budget?.subtract(cost + renderedByteCount.load(ordering: .relaxed))
  }

  /// The bytes of a rendering, shared by all viewers that want it.
  ///
  /// Renderers are pure functions of the item, so the item's own lock may be held while one works:
  /// a second viewer waits for the same bytes instead of making them again.
  package func bytes(_ rendering: Rendering) -> [UInt8] {
    let wanted = canonical(rendering)
    return renditions.withLock { made in
      if let bytes = made[wanted] { return bytes }
      let bytes = render(wanted, with: &made)
      if wanted != .frame {
        made[wanted] = bytes
        budget?.add(bytes.count)
        renderedByteCount.add(bytes.count, ordering: .relaxed)
      }
      return bytes
    }
  }

  /// An event reads the same in every tensor form.
  private func canonical(_ rendering: Rendering) -> Rendering {
    guard kind == .event else { return rendering }
    return switch rendering {
    case .event: .event(.none)
    case .text: .text(.none)
    case .deflatedText: .deflatedText(.none)
    case .frame: .frame
    }
  }

  private func render(_ rendering: Rendering, with made: inout [Rendering: [UInt8]]) -> [UInt8] {
    switch rendering {
    case .frame: frame ?? []
    case .text(let form): json(form)
    case .event(let form):
      EventRendering.event(
        type: type, id: EventID(epoch: epoch, sequence: sequence),
        json: made[.text(form)] ?? json(form))
    case .deflatedText(let form):
      SharedDeflater.deflate(made[.text(form)] ?? json(form))
    }
  }
}
