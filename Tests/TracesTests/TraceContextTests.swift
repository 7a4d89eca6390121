import TestKit
import Testing
import Tracing

@testable import Traces

/// The fields of W3C Trace Context.
@Suite struct TraceContextTests {
  static let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test func `the standard's example is read and written again`() throws {
    let context = try #require(TraceContext(traceparent: Self.example))
    #expect(context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(context.spanID == "00f067aa0ba902b7")
    #expect(context.isSampled)
    #expect(context.isRemote)
    #expect(context.traceparent == Self.example)
  }

  @Test(arguments: 0..<256) func `only the lowest flag counts`(flags: Int) throws {
    let digits = String(flags + 256, radix: 16).dropFirst()
    let context = try #require(TraceContext(traceparent: String(Self.example.dropLast(2)) + digits))
    #expect(context.isSampled == (flags % 2 == 1))
    #expect(context.traceparent.suffix(3) == (flags % 2 == 1 ? "-01" : "-00"))
  }

  /// What stands at a place of the example's version 0 and is as good there.
  private func isGood(_ byte: UInt8, at place: Int) -> Bool {
    switch place {
    case 2, 35, 52: return byte == UInt8(ascii: "-")
    // Other versions are read as far as they are like this one; 255 is none.
    default: return "0123456789abcdef".utf8.contains(byte)
    }
  }

  @Test(arguments: 0..<55) func `each byte is one of those that it may be`(place: Int) {
    for byte in UInt8(1)..<128 {
      var bytes = Array(Self.example.utf8)
      bytes[place] = byte
      let text = String(decoding: bytes, as: UTF8.self)
      #expect((TraceContext(traceparent: text) != nil) == isGood(byte, at: place), "\(text)")
    }
  }

  @Test(arguments: 0..<55) func `nothing shorter is one`(count: Int) {
    #expect(TraceContext(traceparent: String(Self.example.prefix(count))) == nil)
  }

  @Test(arguments: [
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
    "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01", "", "00", "---",
  ]) func `what the standard refuses begins a new trace`(text: String) {
    #expect(TraceContext(traceparent: text) == nil)
  }

  @Test(arguments: ["", "-", "-what-the-future-will-be"])
  func `a version of the future is read by what is known, and answered in version 0`(
    tail: String
  ) throws {
    let text = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09" + tail
    let context = try #require(TraceContext(traceparent: text))
    #expect(context.isSampled)
    #expect(context.traceparent == Self.example)
  }

  @Test func `one byte of chance at a time, nothing is read that is not written again`() {
    var chance = SeededGenerator(seed: 18)
    for _ in 0..<20_000 {
      var bytes = Array(Self.example.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &chance) {
        switch Int.random(in: 0..<3, using: &chance) {
        case 0 where !bytes.isEmpty:
          bytes[Int.random(in: 0..<bytes.count, using: &chance)] = UInt8.random(
            in: .min ... .max, using: &chance)
        case 1 where !bytes.isEmpty:
          bytes.remove(at: Int.random(in: 0..<bytes.count, using: &chance))
        default:
          bytes.insert(
            UInt8.random(in: .min ... .max, using: &chance),
            at: Int.random(in: 0...bytes.count, using: &chance))
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let context = TraceContext(traceparent: text) else { continue }
      #expect(text.contains(context.traceID + "-" + context.spanID))
      #expect(TraceContext(traceparent: context.traceparent)?.traceID == context.traceID)
    }
  }

  @Test func `new traces have numbers of their own, and children those of their parents`() {
    var seen: Set<String> = []
    for _ in 0..<1000 {
      let root = TraceContext.root()
      #expect(TraceContext(traceparent: root.traceparent)?.traceID == root.traceID)
      #expect(seen.insert(root.traceID).inserted)
      let child = root.child()
      #expect(child.traceID == root.traceID && child.spanID != root.spanID && !child.isRemote)
    }
  }

  @Test(arguments: [
    ("", ""), ("a=1", "a=1"), ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", nil),
    ("a=1 , \tb=2", "a=1,b=2"), (",a=1,,", "a=1"), (" ,\t", ""), ("fw529a3039@dt=FfD", nil),
    ("0tenant@system=1", nil), ("a*/-_9=x y", nil), ("a=", ""), ("=1", ""), ("a", ""), ("A=1", ""),
    ("0a=1", ""), ("a@0b=1", ""), ("a@b@c=1", ""), ("a=b=c", ""), ("a=1,a=2", ""), ("a=1,!", ""),
    ("a=\u{7f}", ""), ("a=é", ""), ("a b=1", ""),
  ]) func `the list of other systems is handed on whole or not at all`(
    text: String, kept: String?
  ) {
    #expect(TraceState(text).text == kept ?? text)
  }

  @Test func `a list has its bounds`() {
    let members = (0..<33).map { "k\($0)=v" }
    #expect(TraceState(members.prefix(32).joined(separator: ",")).text.hasSuffix("k31=v"))
    #expect(TraceState(members.joined(separator: ",")).text.isEmpty)
    let name = String(repeating: "n", count: 256)
    #expect(!TraceState("\(name)=\(name)").text.isEmpty)
    #expect(TraceState("\(name)n=v").text.isEmpty)
    #expect(TraceState("k=\(name)n").text.isEmpty)
    #expect(!TraceState("\(name.prefix(241))@\(name.prefix(14))=v").text.isEmpty)
    #expect(TraceState("\(name.prefix(242))@s=v").text.isEmpty)
    #expect(TraceState("t@\(name.prefix(15))=v").text.isEmpty)
  }
}
