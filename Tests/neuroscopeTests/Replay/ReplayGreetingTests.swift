import HTTP
import Recordings
import Sockets
import TestKit
import Testing

@testable import neuroscope

@Suite struct ReplayGreetingTests {
  private func greeting(_ name: String) throws -> ReplayGreeting {
    ReplayGreeting(
      file: name + ".nsrec",
      reader: try RecordingReader(path: TestModels.sessions + "/\(name).nsrec"))
  }

  @Test func `a file that was cut off says how much of it is whole`() throws {
    let cut = try greeting("cut")
    let damage = try #require(cut.reader.damage)
    #expect(
      cut.damage
        == "cut.nsrec is incomplete (the file ends inside a record): "
        + "\(cut.reader.entries.count) whole records, \(damage.wholeBytes) bytes; "
        + "\(damage.lostBytes) bytes after them are lost")
    #expect(try greeting("plain").damage == nil)
  }

  @Test func `the greeting says where the run is to be seen`() throws {
    let lines = try greeting("plain").lines(
      run: "run_1", addresses: [.ipv4("127.0.0.1", port: 8080)], base: .root)
    #expect(lines.contains("  page    http://127.0.0.1:8080/?run=run_1"))
    #expect(
      lines.contains(
        "  stream  curl -N 'http://127.0.0.1:8080/v1/runs/run_1/events?tensors=json'"))
    let below = try greeting("plain").lines(
      run: "run_1", addresses: [.ipv4("127.0.0.1", port: 8080)],
      base: try #require(BasePath("/scope")))
    #expect(below.contains("  page    http://127.0.0.1:8080/scope/?run=run_1"))
  }
}
