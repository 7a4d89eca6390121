import HTTPTypes
import Wire

extension StaticFile {
  /// The answer to a request for this file.
  ///
  /// - Standard: RFC 9110, sections 13 (conditions) and 14 (ranges).
  func answer(to head: RequestHead) -> (HTTPResponse.Status, HTTPFields, [UInt8]) {
    var fields: HTTPFields = [
      .eTag: entityTag, .acceptRanges: "bytes", .cacheControl: cacheControl,
      .xContentTypeOptions: "nosniff",
    ]
    fields[.contentSecurityPolicy] = securityPolicy
    if let condition = head.fields[.ifNoneMatch], matches(condition) {
      return (.notModified, fields, [])
    }
    fields[.contentType] = type
    guard head.method == .get, let range = head.fields[.range],
      head.fields[.ifRange].map({ $0 == entityTag }) ?? true
    else { return (.ok, fields, bytes) }
    switch ByteRange(range, count: bytes.count) {
    case .whole: return (.ok, fields, bytes)
    case .part(let part):
      fields[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(bytes.count)"
      return (.partialContent, fields, Array(bytes[part]))
    case .unsatisfiable:
      fields[.contentRange] = "bytes */\(bytes.count)"
      fields[.contentType] = nil
      return (.rangeNotSatisfiable, fields, [])
    }
  }

  /// Whether `If-None-Match` names this version (weak comparison).
  private func matches(_ condition: String) -> Bool {
    condition.split(separator: ",").map(\.trimmingBlanks).contains { tag in
      tag == "*" || (tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag) == entityTag
    }
  }
}

/// What a `Range` field means for a body of known length.
enum ByteRange: Equatable {
  /// Not understood, or several ranges: the whole body, which is always allowed.
  case whole
  case part(Range<Int>)
  case unsatisfiable

  init(_ value: String, count: Int) {
    self = .whole
    guard value.lowercased().hasPrefix("bytes=") else { return }
    let text = value.dropFirst(6).trimmingBlanks
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count == 2, !text.contains(",") else { return }
    let numbers = halves.map { half in half.allSatisfy(\.isASCIIDigit) ? Int(half) : nil }
    switch (halves[0].isEmpty, halves[1].isEmpty) {
    case (true, true): return
    case (true, false):
      guard let length = numbers[1] else { return }
      self =
        length == 0 || count == 0 ? .unsatisfiable : .part(max(0, count - length)..<count)
    case (false, let isOpen):
      guard let first = numbers[0] else { return }
      guard let last = isOpen ? Int.max : numbers[1], last >= first else { return }
      self = first >= count ? .unsatisfiable : .part(first..<min(last, count - 1) + 1)
    }
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
