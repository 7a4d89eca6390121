@testable import Streams
import Compression
import JSON
import Synchronization
import StreamKit
import TestKit
import Testing

/// A tensor that notes what is made of it.
private struct NotedTensor: EncodedTensor {
  let bytes: [UInt8]
  let sequence: UInt64
  let made: SignalLog

  var text: [UInt8] {
    made.note("text")
    return Array("{\"seq\":\(sequence)}".utf8)
  }

  func writeNumbers(to writer: inout JSONWriter) {
    made.note("numbers")
    writer.integer(5)
  }
}

/// What viewers at the same place take together.
@Suite struct TopicBatchTests {
  private func item(_ sequence: UInt64, frame: [UInt8], _ made: SignalLog = SignalLog())
    -> TopicItem
  {
    TopicItem(
      "activation", sequence: sequence,
      tensor: NotedTensor(bytes: frame, sequence: sequence, made: made), hook: "h", epoch: "e")
  }

  private func text(_ batch: TopicBatch, _ shape: StreamShape) -> String {
    batch.pieces(as: shape).map { String(decoding: $0, as: UTF8.self) }.joined()
  }

  @Test func `events of a stream carry the tensor as the viewer wants it`() {
    let event = TopicItem("token", sequence: 6, text: Array("{}".utf8), epoch: "e")
    let batch = TopicBatch([event, item(7, frame: [1, 2])], budget: nil)
    let start = "event: token\nid: e-6\ndata: {}\n\nevent: activation\nid: e-7\ndata: {\"seq\":7"
    #expect(text(batch, .events(.base64)) == start + ",\"frame\":\"AQI=\"}\n\n")
    #expect(text(batch, .events(.json)) == start + ",\"data\":5}\n\n")
    #expect(text(batch, .events(.none)) == start + "}\n\n")
  }

  @Test func `messages are whole frames, the tensor behind its description`() {
    let batch = TopicBatch([item(7, frame: [1, 2])], budget: nil)
    let description = [0x81, 9] + Array("{\"seq\":7}".utf8)
    #expect(
      batch.pieces(as: .messages(.binary, isDeflating: false)) == [description + [0x82, 2, 1, 2]])
    #expect(batch.pieces(as: .messages(.none, isDeflating: false)) == [description])
    #expect(text(batch, .messages(.json, isDeflating: false)).hasSuffix("{\"seq\":7,\"data\":5}"))
  }

  @Test func `bytes are made once for each shape, and lie once in memory`() {
    let made = SignalLog()
    let budget = ByteBudget(limit: .max)
    do {
      let batch = TopicBatch(
        [item(1, frame: [1], made), item(2, frame: [2], made)], budget: budget)
      for shape in [
        StreamShape.events(.base64), .events(.json), .messages(.binary, isDeflating: false),
        .messages(.json, isDeflating: true),
      ] {
        let first = batch.pieces(as: shape)
        let before = budget.used
        let second = batch.pieces(as: shape)
        let places = [first, second].map { $0[0].withUnsafeBytes { $0.baseAddress } }
        #expect(places[0] == places[1])
        #expect(budget.used == before)
      }
      #expect(
        made.all.filter { $0 == "text" }.count == 2, "an item's description serves all shapes")
      #expect(made.all.filter { $0 == "numbers" }.count == 4)
      #expect(budget.used > 0)
    }
    #expect(budget.used == 0)
  }

  @Test func `a deflated description is made once and inflates to the text`() throws {
    let long = Array("{\"text\":\"\(String(repeating: "circuits ", count: 140))\"}".utf8)
    let item = TopicItem("token", sequence: 1, text: long, epoch: "e")
    let shape = StreamShape.messages(.binary, isDeflating: true)
    let message = try #require(TopicBatch([item], budget: nil).pieces(as: shape).first)
    #expect(message[0] == 0xc1, "a final text frame, compressed (RFC 7692)")
    #expect(Array(message.dropFirst(2)) == item.deflatedText)
    #expect(message.count < long.count / 2)
    let inflater = try Inflater(.raw)
    var text: [UInt8] = []
    inflater.beginMessage()
    try message.dropFirst(2).withUnsafeBytes {
      try inflater.continueMessage($0, limit: 1 << 16, appendingTo: &text)
    }
    try inflater.endMessage(limit: 1 << 16, appendingTo: &text)
    #expect(text == long)
  }

  @Test func `a large frame stays where it is`() {
    let frame = [UInt8](repeating: 7, count: 200_000)
    let budget = ByteBudget(limit: .max)
    let batch = TopicBatch([item(1, frame: [1]), item(2, frame: frame)], budget: budget)
    let pieces = batch.pieces(as: .messages(.binary, isDeflating: false))
    #expect(pieces.map(\.count) == [11 + 3 + 11 + 10, 200_000])
    #expect(budget.used == 35, "what is only shared is not held twice")
    let places = [pieces[1], frame].map { $0.withUnsafeBytes { $0.baseAddress } }
    #expect(places[0] == places[1])
  }

  @Test func `viewers at the same place take the same batch`() throws {
    var kit = TopicKit()
    let viewers = (0..<3).map { _ in kit.topic.subscribe() }
    for step in 0..<4 {
      kit.event()
      kit.frame()
      guard step != 1 else { continue }
      let batches = try viewers.map { try #require($0.batch()) }
      #expect(batches.allSatisfy { $0 === batches[0] })
    }
  }

  @Test func `who is a little late takes what the first took, and then the rest`() throws {
    var kit = TopicKit()
    let first = kit.topic.subscribe()
    let late = kit.topic.subscribe()
    kit.event()
    let taken = try #require(first.batch())
    kit.event()
    kit.frame()
    #expect(late.batch() === taken)
    let next = try #require(late.batch())
    #expect(next.items.map(\.sequence) == [1, 2])
    #expect(first.batch() === next)
  }

  @Test func `who missed something takes a batch of its own`() throws {
    var kit = TopicKit(ring: 3000, lag: 1 << 20)
    let prompt = kit.topic.subscribe()
    let late = kit.topic.subscribe()
    kit.frame()
    #expect(prompt.drain() == "0")
    for _ in 0..<4 { kit.frame() }
    #expect(late.drain() == "[h:0-2x3] 3 4")
    #expect(prompt.drain() == "[h:1-2x2] 3 4")
  }

  @Test func `batches are let go with the last viewer`() {
    let budget = ByteBudget(limit: .max)
    var kit = TopicKit(budget: budget)
    let viewer = kit.topic.subscribe()
    kit.frame()
    let held = budget.used
    #expect(viewer.batch()?.pieces(as: .events(.base64)).count == 1)
    #expect(budget.used > held + 1000)
    viewer.leave()
    #expect(budget.used < held + 100, "only the item's description stays with it")
  }

  @Test func `only so many batches are kept`() {
    var recent = RecentBatches()
    let cursors = (0..<100).map {
      TopicRing.Cursor(event: $0, frame: 0, frameFloor: 0, eventFloor: 0)
    }
    for (index, cursor) in cursors.enumerated() {
      let batch = TopicBatch([item(UInt64(index), frame: [])], budget: nil)
      recent.note(batch, for: .init(place: cursor, byteCount: 9), next: cursor)
    }
    let found = cursors.map { recent.batch(for: .init(place: $0, byteCount: 9)) != nil }
    #expect(found == (0..<100).map { $0 >= 36 })
    #expect(recent.batch(for: .init(place: cursors[99], byteCount: 8)) == nil)
    let heavy = TopicBatch([item(0, frame: [UInt8](repeating: 0, count: 1 << 20))], budget: nil)
    recent.note(heavy, for: .init(place: cursors[0], byteCount: 9), next: cursors[0])
    #expect(recent.batch(for: .init(place: cursors[99], byteCount: 9)) == nil)
  }
}

extension Subscriber {
  /// The next batch; nil where there is nothing now.
  fileprivate func batch() -> TopicBatch? {
    guard case .batch(_, let batch) = take(atMost: 64 << 10) else { return nil }
    return batch
  }
}
