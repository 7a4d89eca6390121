internal import JSON
package import Streams
package import TestKit

/// A topic with easy contents: events say their number, frames are filled with it.
package struct TopicKit: ~Copyable {
  package var publisher: TopicPublisher
  package let signals = SignalLog()
  package var topic: Topic { publisher.topic }

  package init(
    ring: Int = 1 << 20, lag: Int = 1 << 20, budget: ByteBudget? = nil,
    archive: (any TopicArchive)? = nil, rest: Duration = .zero,
    later: (@Sendable (Duration, @escaping @Sendable () -> Void) -> Void)? = nil
  ) {
    var limits = TopicLimits()
    limits.ring = ring
    limits.lag = lag
    limits.rest = rest
    limits.longestRest = rest
    let log = signals
    publisher = TopicPublisher(
      run: "r1", epoch: "e", limits: limits, budget: budget, archive: archive,
      signals: TopicSignals(
        lastViewerLeft: { log.note("left") }, held: { log.note($0 ? "held" : "released") },
        describeGap: { gap in Array(TopicKit.text(of: gap).utf8) },
        later: later))
  }

  package static func text(of gap: Gap) -> String {
    gap.missed.map { "\($0.hook ?? "events"):\($0.first)-\($0.last)x\($0.count)" }
      .joined(separator: " ")
  }

  package mutating func event(_ type: String = "token") {
    publisher.publish(type) { Array("{\"seq\":\($0)}".utf8) }
  }

  /// A frame of 1,000 bytes, which costs 1,128.
  package mutating func frame(_ hook: String = "h", bytes: Int = 1000) {
    publisher.add(frameOf: hook) { sequence in
      NumberedTensor(
        bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: bytes),
        sequence: sequence)
    }
    publisher.announce()
  }

  package consuming func finish() { publisher.finish() }
}

/// A tensor that says its number.
private struct NumberedTensor: EncodedTensor {
  let bytes: [UInt8]
  let sequence: UInt64

  var text: [UInt8] { Array("{\"seq\":\(sequence)}".utf8) }

  func writeNumbers(to writer: inout JSONWriter) { writer.integer(sequence) }
}

extension Subscriber {
  /// Everything there is now, as text: numbers, gaps in brackets, and how it ended.
  package func drain(step: Int = .max) -> String {
    var words: [String] = []
    while true {
      switch take(atMost: step) {
      case .batch(let gap, let batch):
        if !gap.isEmpty { words.append("[\(TopicKit.text(of: gap))]") }
        words += batch.items.map { String($0.sequence) }
      case .later: return words.joined(separator: " ")
      case .end(let ending): return (words + ["\(ending)"]).joined(separator: " ")
      }
    }
  }
}
