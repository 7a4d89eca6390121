import ArgumentParser
import Foundation
import Testing

@testable import neuroscope

/// What `neuroscope config` tells.
@Suite struct ConfigCommandTests {
  /// The options that a server would have.
  private func settings(
    _ arguments: [String], file: String? = nil, environment: [String: String] = [:]
  ) throws -> Settings {
    let path = "\(NSTemporaryDirectory())/neuroscope-\(UInt64.random(in: 0...UInt64.max)).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    if let file { try Data(file.utf8).write(to: URL(fileURLWithPath: path)) }
    let flags = try ServeFlags.parse(arguments + (file == nil ? [] : ["--config", path]))
    let settings = try flags.settings(environment: environment)
    _ = try flags.setup(settings)
    return settings
  }

  @Test func `every option that can be set is read, each once`() throws {
    let notes = try settings(["--no-model"]).notes.map(\.name)
    // Where there is no model to begin with, none is looked for.
    let unread: Set<SettingName> = [.model, .adapter]
    #expect(Set(notes) == Set(SettingName.allCases).subtracting(unread))
    #expect(notes.count == Set(notes).count)
  }

  @Test func `every flag of the command line is an option of the file, and the other way round`() {
    let help = ServeFlags.helpMessage()
    for name in SettingName.allCases {
      #expect(help.contains(name.flag + " ") || help.contains(name.flag + "\n"), "\(name)")
    }
    let flags = help.matches(of: /--([a-z-]+)/).map { String($0.1) }
    for flag in flags where !["config", "help"].contains(flag) {
      #expect(SettingName(rawValue: flag) != nil, "\(flag)")
    }
  }

  @Test func `the table tells each option's value and where it comes from`() throws {
    let settings = try settings(
      ["--no-model", "--threads", "1"],
      file: #"{"port": 8081, "capture-budget": "2G", "strict": true, "api-key": ["hush"]}"#,
      environment: ["NEUROSCOPE_PORT": "9000"])
    let table = ConfigCommand.Show.table(settings.notes)
    let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    func line(_ name: String) -> [String]? { lines.first { $0[0] == name } }
    #expect(line("port") == ["port", "9000", "NEUROSCOPE_PORT"])
    #expect(line("threads") == ["threads", "1", "--threads"])
    #expect(line("capture-budget")?[1] == "2G")
    #expect(line("capture-budget")?.last?.hasSuffix(".json") == true)
    #expect(line("memory-budget") == ["memory-budget", "512M", "default"])
    #expect(line("harvests-dir") == ["harvests-dir", "-", "default"])
    #expect(line("strict")?[1] == "true")
    #expect(line("api-key")?[1] == "(hidden)")
    #expect(!table.contains("hush"))
    #expect(lines.map { $0[0] } == lines.map { $0[0] }.sorted())
  }

  @Test(arguments: [
    (#"{"threads": 0}"#, "threads in "), (#"{"idle-seconds": -1}"#, "idle-seconds in "),
    (#"{"log-level": "loud"}"#, "log-level in "), (#"{"host": "0.0.0.0"}"#, "--insecure-no-auth"),
    (#"{"alias": "=x"}"#, "alias in "), (#"{"recordings-keep": -1}"#, "recordings-keep in "),
    (#"{"metrics-aliases": "all"}"#, "metrics-aliases in "), (#"{"keys": "/nowhere"}"#, "/nowhere"),
    (#"{"otlp-endpoint": "127.0.0.1:4318"}"#, "otlp-endpoint in "),
    (#"{"context": 0}"#, "context in "), (#"{"model": "/nowhere.gguf"}"#, "/nowhere.gguf"),
  ])
  func `what no server can be started with is refused by where it was set`(
    file: String, words: String
  ) throws {
    let failure = #expect(throws: (any Error).self) { try settings([], file: file) }
    #expect(failure.map { "\($0)".contains(words) } == true, "\(String(describing: failure))")
  }

  @Test func `the file may be named by the environment`() throws {
    let path = "\(NSTemporaryDirectory())/neuroscope-\(UInt64.random(in: 0...UInt64.max)).json"
    try Data(#"{"threads": 2}"#.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let settings = try settings(["--no-model"], environment: ["NEUROSCOPE_CONFIG": path])
    #expect(settings.notes.first { $0.name == .threads }?.source == .file(path))
  }
}
