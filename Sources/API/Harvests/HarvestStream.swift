internal import Engine
internal import Frames
internal import HTTP
internal import JSON
internal import Runs
internal import Wire

/// A harvest on its way to the client that asked for it.
struct HarvestStream: Sendable {
  private let harvest: Harvest
  private let order: HarvestOrder
  /// Its place among the runs, for as long as it is there.
  private let place: RunPlace

  init(_ harvest: Harvest, of order: HarvestOrder, place: RunPlace) {
    self.harvest = harvest
    self.order = order
    self.place = place
  }

  /// Writes the frames of all prompts one behind the other; the body is cut where the harvest fails.
  func writeFrames(to writer: BodyWriter) async throws {
    try await harvest.run { prompt in
      for frame in prompt.frames { try await writer.write(frame.bytes) }
    }
  }

  /// Writes `harvest.started`, of each prompt its tokens where they are wanted and its `activation`s, `harvest.progress` whenever another hundredth is done,
  /// and `harvest.finished` or `error`.
  func writeEvents(to writer: BodyWriter) async throws {
    try await writer.write(NamedEvent.bytes("harvest.started", started))
    var progress = HarvestProgress(order)
    let last: [UInt8]
    do throws(HarvestError) {
      try await harvest.run { prompt in
        if order.tellsTokens {
          try await writer.write(NamedEvent.bytes("prompt", tokens(of: prompt.index)))
        }
        for tensor in prompt.tensors {
          try await writer.write(NamedEvent.bytes("activation", Self.event(tensor, of: prompt)))
        }
        if progress.take(prompt.index) {
          try await writer.write(
            NamedEvent.bytes("harvest.progress", progress.json("harvest.progress")))
        }
      }
      last = NamedEvent.bytes("harvest.finished", progress.json("harvest.finished"))
    } catch {
      last = NamedEvent.error(.harvest(error))
    }
    try await writer.write(last)
  }

  private var started: [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "harvest.started")
      writer.member("model", order.model.info.id)
      writer.member("texts", order.prompts.count)
      writer.member("tokens", order.tokenCount)
      writer.name("hooks")
      writer.value(.array(order.hooks.map { $0.json(order.model.catalogue) }))
    }
  }

  private func tokens(of index: Int) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "prompt")
      writer.member("text", index)
      writer.member("token_ids", order.prompts[index].map { Int($0) })
    }
  }

  private static func event(
    _ tensor: HarvestedPrompt.Tensor, of prompt: HarvestedPrompt
  ) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", "activation")
      writer.member("text", prompt.index)
      tensor.event.describe(to: &writer)
      writer.name("frame")
      writer.plainString(Base64.encode(tensor.frame.bytes))
    }
  }
}
