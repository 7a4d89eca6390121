package import HTTPTypes

/// Header fields that are not in swift-http-types' list, by their names.
///
/// A name that could not be one would be no field at all; it never stands for another.
package enum FurtherField: String, CaseIterable, Sendable {
  /// `no` tells nginx to pass each byte on at once.
  case accelBuffering = "X-Accel-Buffering"
  /// The name of the request in logs and errors.
  case requestID = "X-Request-Id"
  /// The run behind an answer, for those who want to watch it.
  case runID = "X-NeuroScope-Run"
  /// Private Network Access.
  case requestPrivateNetwork = "Access-Control-Request-Private-Network"
  case allowPrivateNetwork = "Access-Control-Allow-Private-Network"

  fileprivate static let names = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, HTTPField.Name($0.rawValue)) })
}

extension HTTPFields {
  /// The value of a field of ours.
  package subscript(further field: FurtherField) -> String? {
    get { FurtherField.names[field]?.flatMap { self[$0] } }
    set { if let name = FurtherField.names[field] ?? nil { self[name] = newValue } }
  }
}
