internal import HTTPTypes

/// A header or trailer section while its lines arrive.
///
/// - Standard: RFC 9112, section 5.
struct FieldSection: Sendable {
  private(set) var fields = HTTPFields()
  /// Bytes of the lines so far, their CRLFs counted.
  private(set) var size = 0
  private var count = 0

  /// What may still be used of the limit by the next line.
  func room(_ limits: HTTPLimits) -> Int { max(0, limits.fieldSection - size) }

  /// Takes a line without its CRLF.
  mutating func add(_ line: [UInt8], limits: HTTPLimits) throws(BrokenRule) {
    size += line.count + 2
    count += 1
    guard count <= limits.fieldCount else { throw BrokenRule(.tooManyFields) }
    guard size <= limits.fieldSection else { throw BrokenRule(.fieldSectionTooLarge) }
    if let first = line.first, Grammar.isBlank(first) { throw BrokenRule(.fieldFolding) }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), Grammar.isToken(line[..<colon]),
      let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
    else { throw BrokenRule(.fieldName) }
    let value = Grammar.trimmed(line[(colon + 1)...])
    fields.append(HTTPField(name: name, lenientValue: value))
  }

  /// The raw values of the lines with that name.
  func values(_ name: HTTPField.Name) -> [[UInt8]] {
    fields[fields: name].map { $0.withUnsafeBytesOfValue { Array($0) } }
  }

  /// The raw values of `Host`, which the library knows only as the pseudo-field of later versions.
  var hosts: [[UInt8]] {
    fields.filter(Self.isHost).map { $0.withUnsafeBytesOfValue { Array($0) } }
  }

  private static func isHost(_ field: HTTPField) -> Bool { field.name.canonicalName == "host" }

  /// The fields without those that frame or route a message, which have no business in trailers.
  var trailers: HTTPFields {
    var kept = HTTPFields()
    for field in fields
    where !Self.forbiddenInTrailers.contains(field.name) && !Self.isHost(field) {
      kept.append(field)
    }
    return kept
  }

  /// RFC 9110, section 6.5.1.
  private static let forbiddenInTrailers: Set<HTTPField.Name> = [
    .authorization, .cacheControl, .connection, .contentEncoding, .contentLength, .contentRange,
    .contentType, .cookie, .expect, .maxForwards, .range, .setCookie, .te, .trailer,
    .transferEncoding, .upgrade,
  ]
}
