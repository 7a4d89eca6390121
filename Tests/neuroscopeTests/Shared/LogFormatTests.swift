import JSON
import Logging
import Synchronization
import Testing

@testable import neuroscope

@Suite struct LogFormatTests {
  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  @Test func `a line of the log is one object, whatever is in it`() throws {
    let lines = Lines()
    var logger = Logger(label: "test") { label in
      var handler = JSONLogHandler(label: label)
      handler.write = { line in lines.all.withLock { $0.append(line) } }
      return handler
    }
    logger.logLevel = .info
    logger[metadataKey: "kept"] = "1"
    logger.info(
      "two\nlines \"quoted\"",
      metadata: ["path": "/a\u{1b}b", "list": ["x", "y"], "more": ["z": "\(7)"]])
    logger.debug("not wanted")
    let all = lines.all.withLock { $0 }
    #expect(all.count == 1 && all.first?.filter { $0 == "\n" }.count == 1)
    let value = try JSONValue(parsing: Array(try #require(all.first).utf8))
    #expect(value["level"]?.string == "info" && value["logger"]?.string == "test")
    #expect(value["message"]?.string == "two\nlines \"quoted\"")
    #expect(
      value["facts"] == ["kept": "1", "list": ["x", "y"], "more": ["z": "7"], "path": "/a\u{1b}b"])
    #expect(value["time"]?.string?.hasSuffix("Z") == true)
  }
}
