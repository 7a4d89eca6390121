import Compression
import HTTPTypes

/// The content codings of HTTP bodies, both ways.
///
/// - Standard: RFC 9110, sections 8.4 and 12.5.3.
enum ContentCoding: String, Sendable, CaseIterable {
  case gzip
  case deflate

  /// Answers below this many bytes are not worth compressing.
  static let threshold = 1024

  private var format: DeflateFormat { self == .gzip ? .gzip : .zlib }

  // MARK: Requests

  /// Undoes the codings of a request's body.
  ///
  /// - Throws: the refusal: 415 for an unknown coding, 413 beyond the limit, 400 for damage.
  static func decode(
    _ body: [UInt8], fields: HTTPFields, limit: Int
  ) throws(ErrorReply) -> [UInt8] {
    guard let value = fields[.contentEncoding] else { return body }
    var body = body
    let codings = value.split(separator: ",").map { $0.trimmingBlanks.lowercased() }
    for name in codings.reversed() where name != "identity" && !name.isEmpty {
      guard codings.count <= 2, let coding = Self(named: name) else {
        throw .unsupportedCoding(value)
      }
      body = try coding.expand(body, limit: limit)
    }
    return body
  }

  /// Bytes that a body may become: deflate makes no more than 1,032 of one.
  static func mostBytes(from packed: Int, limit: Int) -> Int {
    let (most, overflow) = packed.multipliedReportingOverflow(by: 1032)
    return overflow ? limit : min(most, limit)
  }

  /// What a byte becomes where nothing is meant by it.
  static let usualGrowth = 16

  private init?(named name: String) {
    self.init(rawValue: name == "x-gzip" ? "gzip" : name)
  }

  private func expand(_ body: [UInt8], limit: Int) throws(ErrorReply) -> [UInt8] {
    do {
      return try Inflater(format).expand(body, limit: limit)
    } catch .outputLimit {
      throw .inflatedTooLarge(limit: limit)
    } catch {
      throw .damagedBody
    }
  }

  // MARK: Answers

  /// Compresses an answer if the request asks for it and it is worth it; adds the fields that say so.
  static func encode(
    _ body: [UInt8], fields: inout HTTPFields, accepting value: String?
  ) -> [UInt8] {
    guard body.count >= threshold, fields[.contentEncoding] == nil,
      isCompressible(fields[.contentType] ?? "")
    else { return body }
    fields.addVary("Accept-Encoding")
    guard let coding = preferred(value),
      let deflater = try? Deflater(DeflateSettings(coding.format)),
      let packed = try? deflater.compress(body), packed.count < body.count
    else { return body }
    fields[.contentEncoding] = coding.rawValue
    return packed
  }

  private static func isCompressible(_ type: String) -> Bool {
    let type = type.prefix { $0 != ";" }.trimmingBlanks.lowercased()
    return type.hasPrefix("text/") && type != "text/event-stream"
      || ["application/json", "application/javascript", "image/svg+xml"].contains(type)
  }

  /// The coding that `Accept-Encoding` wants most; gzip before deflate; nil for none of ours.
  static func preferred(_ value: String?) -> ContentCoding? {
    guard let value else { return nil }
    var best: (coding: ContentCoding, weight: Double)?
    for coding in allCases {
      let weight = weight(of: coding.rawValue, in: value)
      if weight > best?.weight ?? 0 { best = (coding, weight) }
    }
    return best?.coding
  }

  private static func weight(of name: String, in value: String) -> Double {
    var any = 0.0
    for part in value.split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.trimmingBlanks.lowercased() }
      guard let offered = pieces.first else { continue }
      let text = pieces.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
      let weight = text.map { Double($0) ?? 0 } ?? 1
      if offered == name || offered == "x-" + name { return weight }
      if offered == "*" { any = weight }
    }
    return any
  }
}

extension ErrorReply: Error {}

extension HTTPFields {
  /// Adds a name to `Vary` unless it is there.
  mutating func addVary(_ name: String) {
    guard let old = self[.vary] else {
      self[.vary] = name
      return
    }
    if !old.lowercased().contains(name.lowercased()) { self[.vary] = old + ", " + name }
  }
}

extension StringProtocol {
  /// Without blanks and tabs at its ends.
  var trimmingBlanks: String {
    var bytes = Array(utf8)[...]
    let blanks: Set<UInt8> = [0x20, 0x09]
    while let first = bytes.first, blanks.contains(first) { bytes = bytes.dropFirst() }
    while let last = bytes.last, blanks.contains(last) { bytes = bytes.dropLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
