@testable import Streams
import Synchronization
import StreamKit
import TestKit
import Testing

/// Joining a run behind what its ring still holds, with something that keeps the rest.
@Suite struct TopicArchiveTests {
  /// Keeps the items numbered below `end`.
  private final class Shelf: TopicArchive {
    private let end: UInt64
    private let asked = Mutex(0)
    var timesAsked: Int { asked.withLock(\.self) }

    init(end: UInt64 = .max) { self.end = end }

    func items(_ range: ClosedRange<UInt64>, atMost byteCount: Int) -> [TopicItem] {
      asked.withLock { $0 += 1 }
      return range.filter { $0 < end }.prefix(2).map { number in
        TopicItem("kept", sequence: number, text: [], epoch: "e")
      }
    }
  }

  /// Events 0, 2, … and frames 1, 3, … of which the ring holds the last few.
  private func run(_ shelf: Shelf?, steps: Int = 6) -> TopicKit {
    var kit = TopicKit(ring: 3000, archive: shelf)
    for _ in 0..<steps {
      kit.event()
      kit.frame()
    }
    return kit
  }

  private static let all = (0..<12).map(String.init).joined(separator: " ")

  @Test func `who joins late gets everything from the archive and then from the ring`() {
    let kit = run(Shelf())
    let viewer = kit.topic.subscribe()
    #expect(viewer.drain() == Self.all)
    #expect(
      kit.topic.subscribe(Subscription(policy: .lossless, from: 3)).drain(step: 1)
        == (3..<12).map(String.init).joined(separator: " "))
    #expect(kit.topic.pieces(2...9).joined().map(\.sequence) == Array(2...9))
  }

  @Test func `what neither holds is told as a gap, and the archive is asked no more`() {
    let shelf = Shelf(end: 5)
    let kit = run(shelf)
    let viewer = kit.topic.subscribe()
    #expect(viewer.drain() == "0 1 2 3 4 [h:5-9x3] 6 8 10 11")
    let asked = shelf.timesAsked
    #expect(viewer.drain() == "")
    #expect(shelf.timesAsked == asked)
    #expect(run(nil).topic.subscribe().drain() == "[h:1-9x5] 0 2 4 6 8 10 11 finished")
  }

  @Test func `a viewer of now that falls behind is owed no old frames`() {
    let shelf = Shelf()
    var kit = TopicKit(ring: 3000, lag: 2500, archive: shelf)
    let viewer = kit.topic.subscribe(Subscription(from: nil))
    for _ in 0..<6 {
      kit.event()
      kit.frame()
    }
    #expect(viewer.drain() == "[h:1-9x5] 0 2 4 6 8 10 11")
    #expect(shelf.timesAsked == 0)
  }

  @Test func `a finished run is read from its archive to its end`() {
    let kit = run(Shelf())
    let viewer = kit.topic.subscribe()
    kit.finish()
    #expect(viewer.drain(step: 1) == Self.all + " finished")
  }
}
