@testable import Streams
import TestKit
import Testing

@Suite struct TopicEvictionLogTests {
  @Test func `what is told equals what a plain list of numbers would say`() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<50 {
      var log = EvictionLog()
      var plain: [(UInt64, String?)] = []
      var sequence: UInt64 = 0
      for _ in 0..<100 {
        sequence += UInt64.random(in: 1...3, using: &random)
        let hook: String? = ["a", "b", nil].randomElement(using: &random) ?? nil
        log.note(sequence, hook: hook)
        plain.append((sequence, hook))
      }
      for floor in stride(from: 0, through: sequence + 2, by: 7) {
        var told = Gap()
        log.add(to: &told, from: floor, frames: true, events: true)
        var expected = Gap()
        for (number, hook) in plain where number >= floor {
          expected.add(Gap.Missed(hook: hook, first: number, last: number, count: 1))
        }
        #expect(told == expected)
      }
    }
  }
}
