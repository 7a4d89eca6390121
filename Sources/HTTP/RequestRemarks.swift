internal import HTTPTypes
internal import JSON
internal import Synchronization

/// What an answer has to say of its request besides answering it, such as a member that nobody knows.
///
/// Collected while the request is read, told in a field and, where the answer is a JSON object, in its `warnings`.
package final class RequestRemarks: Sendable {
  private let list = Mutex<[String]>([])
  /// What is told at most; further ones are counted.
  private static let limit = 20

  package init() {}

  package var all: [String] {
    list.withLock { all in
      all.count <= Self.limit
        ? all : all.prefix(Self.limit) + ["and \(all.count - Self.limit) more"]
    }
  }

  /// Adds a sentence, unless it is among those that are told.
  package func add(_ remark: String) {
    list.withLock { all in
      if !all.prefix(Self.limit).contains(remark) { all.append(remark) }
    }
  }
}

extension Reply {
  /// The same answer with what is to be told of its request.
  package func telling(_ remarks: RequestRemarks) -> Reply {
    let warnings = remarks.all
    guard !warnings.isEmpty else { return self }
    switch self {
    case .full(let status, var fields, let body):
      fields[further: .warnings] = Self.field(warnings)
      return .full(status: status, fields: fields, body: Self.adding(warnings, to: body, fields))
    case .stream(let status, var fields, let body, let heartbeat):
      fields[further: .warnings] = Self.field(warnings)
      return .stream(status: status, fields: fields, body: body, heartbeat: heartbeat)
    case .file, .webSocket, .error: return self
    }
  }

  /// Field values are visible ASCII.
  private static func field(_ warnings: [String]) -> String {
    String(
      String.UnicodeScalarView(
        warnings.joined(separator: "; ").unicodeScalars.map {
          ("\u{20}"..."\u{7e}").contains($0) ? $0 : "?"
        }))
  }

  private static func adding(
    _ warnings: [String], to body: [UInt8], _ fields: HTTPFields
  ) -> [UInt8] {
    guard fields[.contentType] == "application/json", body.first == 0x7b, body.last == 0x7d else {
      return body
    }
    let list = JSONWriter.object { $0.member("warnings", warnings) }.dropFirst()
    return body.dropLast() + (body.count > 2 ? [0x2c] : []) + list
  }
}
