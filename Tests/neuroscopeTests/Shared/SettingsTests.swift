import ArgumentParser
import Foundation
import Testing

@testable import neuroscope

/// Where the options of a server come from.
@Suite struct SettingsTests {
  private func file(_ text: String) throws -> SettingsFile {
    try SettingsFile(parsing: Array(text.utf8), path: "server.json")
  }

  private func note(_ name: SettingName, _ settings: Settings) throws -> Settings.Note {
    try #require(settings.notes.first { $0.name == name })
  }

  @Test func `the command line comes before the environment, that before the file`() throws {
    let file = try file(#"{"port": 3, "threads": 3, "context": 3, "host": null}"#)
    let settings = Settings(
      file: file, environment: ["NEUROSCOPE_PORT": "2", "NEUROSCOPE_THREADS": "2"])
    #expect(try settings.value(1, .port) == 1)
    #expect(try settings.value(nil as Int?, .threads) == 2)
    #expect(try settings.value(nil as Int?, .context) == 3)
    #expect(try settings.value(nil as String?, .host, default: "here") == "here")
    #expect(try settings.value(nil as String?, .model) == nil)
    #expect(try note(.port, settings).source == .commandLine)
    #expect(try note(.threads, settings).source == .environment)
    #expect(try note(.context, settings).source == .file("server.json"))
    #expect(try note(.host, settings).source == .none)
    #expect(try note(.host, settings).text == "here")
    #expect(try note(.model, settings).text == nil)
  }

  @Test func `an empty variable is none`() throws {
    let settings = Settings(environment: ["NEUROSCOPE_PORT": ""])
    #expect(try settings.value(nil as Int?, .port, default: 8080) == 8080)
  }

  @Test func `values that are repeated come from one place alone`() throws {
    let file = try file(#"{"models-dir": ["/a:b", "/c"], "alias": "x=y", "listen": []}"#)
    let settings = Settings(
      file: file, environment: ["NEUROSCOPE_ALLOW_HOST": "a,b", "NEUROSCOPE_LISTEN": "c"])
    #expect(settings.list([], .modelsDir) == ["/a:b", "/c"])
    #expect(settings.list(["/d"], .modelsDir) == ["/d"])
    #expect(settings.list([], .alias) == ["x=y"])
    #expect(settings.list([], .allowHost) == ["a", "b"])
    #expect(settings.list([], .listen) == ["c"])
    #expect(settings.list([], .allowOrigin).isEmpty)
  }

  @Test func `a switch can be on in each place, and off again in the environment`() throws {
    let file = try file(#"{"strict": true, "no-model": true, "open": false}"#)
    let settings = Settings(file: file, environment: ["NEUROSCOPE_NO_MODEL": "false"])
    #expect(try settings.isOn(false, .strict))
    #expect(try !settings.isOn(false, .noModel))
    #expect(try settings.isOn(true, .noModel))
    #expect(try !settings.isOn(false, .open))
    #expect(try !settings.isOn(false, .noRecordings))
  }

  @Test(arguments: [
    (#"{"port": "many"}"#, "port in server.json can't be many"),
    (#"{"port": 70000}"#, "port in server.json can't be 70000"),
    (#"{"port": 1.5}"#, "port in server.json can't be 1.5"),
    (#"{"port": true}"#, "port in server.json can't be true"),
    (#"{"port": [1]}"#, "server.json: port must be one value"),
    (#"{"port": {}}"#, "server.json: port must be one value"),
    (#"{"port": ""}"#, "server.json: port must be one value"),
    (#"{"alias": [["a"]]}"#, "server.json: each of alias must be a text"),
    (#"{"alias": {"a": "b"}}"#, "server.json: alias must be a value or a list of them"),
    (#"{"prot": 1}"#, #"server.json: there is no option "prot"; nearest: port"#),
    (#"{"": 1}"#, #"server.json: there is no option """#),
    (#"{"--port": 1}"#, "there is no option"),
    (#"[]"#, "server.json must be one JSON object"),
    ("", "server.json is no JSON: at byte 0"),
    ("{\"port\": 1", "server.json is no JSON: at byte 10"),
  ])
  func `what a file says wrongly is refused by its place`(text: String, words: String) throws {
    let failure = #expect(throws: CommandFailure.self) {
      _ = try Settings(file: file(text), environment: [:]).value(nil as UInt16?, .port)
    }
    #expect(failure?.description.contains(words) == true, "\(failure?.description ?? "")")
  }

  @Test func `a variable that says something wrong is refused by its name, with what is known`()
    throws
  {
    let settings = Settings(environment: ["NEUROSCOPE_LOG_FORMAT": "xml"])
    let failure = #expect(throws: CommandFailure.self) {
      _ = try settings.value(nil as LogFormat?, .logFormat)
    }
    #expect(failure?.description == "NEUROSCOPE_LOG_FORMAT can't be xml; known: text, json")
  }

  @Test func `depth is bounded`() {
    let failure = #expect(throws: CommandFailure.self) {
      try file(String(repeating: "[", count: 100_000))
    }
    #expect(failure?.description.hasPrefix("server.json is no JSON: at byte") == true)
  }

  @Test func `a secret is told to nobody`() throws {
    let settings = Settings(environment: ["NEUROSCOPE_API_KEY": "hush,hush2"])
    #expect(settings.list([], .apiKey) == ["hush", "hush2"])
    #expect(try note(.apiKey, settings).text == "(hidden)")
  }

  @Test func `a file that can't be read is named`() throws {
    for path in ["/nowhere/server.json", "/tmp"] {
      let failure = #expect(throws: CommandFailure.self) { try SettingsFile(reading: path) }
      #expect(failure?.description.hasPrefix(path) == true)
    }
    let failure = #expect(throws: CommandFailure.self) { try SettingsFile(reading: "/dev/zero") }
    #expect(failure?.description.contains("more than 1048576 bytes") == true)
  }

  @Test(arguments: [
    (0, "0"), (1, "1"), (1024, "1K"), (3 << 20, "3M"), (1 << 30, "1G"), (1025, "1025"),
    (Int.max, "\(Int.max)"),
  ])
  func `bytes are written as they are read`(count: Int, text: String) {
    #expect(ByteCount(count).description == text)
    #expect(ByteCount(argument: text)?.count == count)
  }
}
