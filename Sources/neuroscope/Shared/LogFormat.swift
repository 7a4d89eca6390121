internal import ArgumentParser
internal import Foundation
internal import JSON
internal import Logging

/// How the log is written.
enum LogFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json

  /// What writes a logger's lines to the standard error.
  func handler(label: String) -> any LogHandler {
    switch self {
    case .text: StreamLogHandler.standardError(label: label)
    case .json: JSONLogHandler(label: label)
    }
  }
}

/// A log of JSON objects, one a line: `time`, `level`, `message`, and the facts as members of `facts`.
struct JSONLogHandler: LogHandler {
  let label: String
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  /// Where lines go.
  var write: @Sendable (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let facts = metadata.merging(event.metadata ?? [:]) { _, own in own }
    let line = JSONWriter.object { writer in
      writer.member(
        "time", Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
      writer.member("level", event.level.rawValue)
      writer.member("logger", label)
      writer.member("message", "\(event.message)")
      writer.object("facts") { writer in
        for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
          writer.member(name, Self.json(value))
        }
      }
    }
    write(String(decoding: line, as: UTF8.self) + "\n")
  }

  private static func json(_ value: Logger.MetadataValue) -> JSONValue {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let some): .string("\(some)")
    case .array(let values): .array(values.map(json))
    case .dictionary(let values):
      JSONValue(
        members: values.sorted { $0.key < $1.key }.map { .init($0.key, json($0.value)) })
    }
  }
}
