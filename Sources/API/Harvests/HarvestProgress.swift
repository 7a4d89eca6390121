internal import JSON
internal import Runs

/// How far a harvest is, and how fast it goes.
struct HarvestProgress: Sendable {
  private let order: HarvestOrder
  private let began = ContinuousClock.now
  /// Prompts and tokens of this execution; one that goes on does not count what was there.
  private(set) var texts: Int
  private(set) var tokens = 0

  /// - Parameter first: the prompt that it goes on at.
  init(_ order: HarvestOrder, from first: Int = 0) {
    self.order = order
    texts = first
  }

  /// Counts a prompt; true where another hundredth of them is done.
  mutating func take(_ index: Int) -> Bool {
    let before = texts * 100 / order.prompts.count
    texts = index + 1
    tokens += order.prompts[index].count
    return texts * 100 / order.prompts.count > before
  }

  /// Tokens of prompts that are read in a second.
  var tokensPerSecond: Double {
    let seconds = Double((ContinuousClock.now - began) / .nanoseconds(1)) / 1e9
    return seconds > 0 ? Double(tokens) / seconds : 0
  }

  var roundedTokensPerSecond: Double { (tokensPerSecond * 10).rounded() / 10 }

  func json(_ type: String) -> [UInt8] {
    JSONWriter.object { writer in
      writer.member("type", type)
      writer.member("done", texts)
      writer.member("total", order.prompts.count)
      writer.member("tokens", tokens)
      writer.member("tokens_per_second", roundedTokensPerSecond)
    }
  }
}
