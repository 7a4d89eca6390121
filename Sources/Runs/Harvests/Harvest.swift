package import Engine
internal import Frames
package import Loops
package import Traces
internal import Tracing

/// Why a harvest ended before its last prompt.
package enum HarvestError: Error, Sendable {
  case engine(EngineError)
  /// There is no memory to frame a tensor in.
  case outOfMemory
  /// Whoever takes the prompts takes no more, and why.
  case taking(any Error)

  /// What a trace calls it.
  fileprivate var kind: String {
    switch self {
    case .engine: "engine_error"
    case .outOfMemory: "out_of_memory"
    case .taking: "taker_gone"
    }
  }
}

/// Reads many prompts beside each other and hands their tensors on in the order of the prompts.
///
/// As many prompts are read at a time as fill the engine's passes; what is read waits for its turn as frames, whose
/// captures are let go, so no prompt ever waits for memory that a later one holds.
package struct Harvest: Sendable {
  /// Prompts begun at a time.
  static let width = 16
  /// Bytes of captures that may have been begun and not handed on, unless one prompt alone has more.
  static let heldBytes = 64 << 20

  let order: HarvestOrder
  let engine: Engine
  let framers: WorkThreads
  private let tracer: SpanTracer?

  /// - Parameter tracer: who begins its span; nil where nothing is traced.
  package init(
    _ order: HarvestOrder, on engine: Engine, framers: WorkThreads, tracer: SpanTracer? = nil
  ) {
    self.tracer = tracer
    self.order = order
    self.engine = engine
    self.framers = framers
  }

  /// Reads the prompts from one on.
  ///
  /// A cancelled task ends it between two chunks of the prompts that are being read.
  /// - Parameter take: gets each prompt in turn; the next ones are held back while it waits.
  package func run(
    from first: Int = 0, _ take: (HarvestedPrompt) async throws -> Void
  ) async throws(HarvestError) {
    guard let tracer else { return try await read(from: first, take) }
    let span = tracer.span(
      "harvest \(order.model.info.id)",
      attributes: [
        "gen_ai.provider.name": "neuroscope",
        "gen_ai.request.model": .string(order.model.info.id),
        "neuroscope.harvest.prompts": .int64(Int64(order.prompts.count - first)),
        "neuroscope.harvest.hooks": .int64(Int64(order.hooks.count)),
      ])
    defer { span.finish() }
    do throws(HarvestError) { try await read(from: first, take) } catch {
      span.fail(Task.isCancelled ? "cancelled" : error.kind)
      throw error
    }
  }

  private func read(
    from first: Int, _ take: (HarvestedPrompt) async throws -> Void
  ) async throws(HarvestError) {
    do {
      try await withThrowingTaskGroup(of: HarvestedPrompt.self) { group in
        var (begun, wanted, held) = (first, first, 0)
        var early: [Int: HarvestedPrompt] = [:]
        while wanted < order.prompts.count {
          while begun < order.prompts.count, begun - wanted < Self.width,
            begun == wanted || held + order.captureBytes[begun] <= Self.heldBytes
          {
            let index = begun
            group.addTask(executorPreference: framers) { try await prompt(index) }
            held += order.captureBytes[index]
            begun += 1
          }
          guard let read = try await group.next() else { return }
          early[read.index] = read
          while let next = early.removeValue(forKey: wanted) {
            try await take(next)
            held -= order.captureBytes[wanted]
            wanted += 1
          }
        }
      }
    } catch let error as EngineError {
      throw .engine(error)
    } catch is FrameError {
      throw .outOfMemory
    } catch {
      throw .taking(error)
    }
  }

  /// Reads one prompt.
  private func prompt(_ index: Int) async throws -> HarvestedPrompt {
    let read = try await engine.read(
      order.prompts[index], order.model, capturing: order.hooks.map(\.spec))
    return try HarvestedPrompt(read.captures, of: index, in: order)
  }
}
