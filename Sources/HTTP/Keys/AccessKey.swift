internal import Digests
internal import Foundation
internal import JSON
package import Loops

/// A key: its name, what it may do, and the hash of its secret.
///
/// Secrets are 32 random bytes, so that one round of SHA-256 is as hard to undo as they are to guess.
package struct AccessKey: Sendable, Hashable {
  /// How people tell it from others; 1 to 64 letters, digits, `.`, `_`, `-`, `@`.
  package let name: String
  /// SHA-256 of the secret, 32 bytes.
  package let digest: [UInt8]
  /// What it may do.
  package let scopes: Set<Scope>
  /// When it ends, in seconds since 1970; nil for never.
  package let expiry: Int?
  /// What it may have at most.
  package let limits: ClientLimits

  /// A key for a secret that its holder knows.
  package init(
    name: String, secret: String, scopes: Set<Scope>, expiry: Int? = nil,
    limits: ClientLimits = ClientLimits()
  ) {
    self.name = name
    digest = SHA256.digest(of: secret)
    self.scopes = scopes
    self.expiry = expiry
    self.limits = limits
  }

  /// A secret that nobody can guess.
  package static func makeSecret() -> String {
    var random = SystemRandomNumberGenerator()
    let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    let text = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    return "nsk_" + text.prefix { $0 != "=" }
  }

  /// Whether a name can be one.
  package static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"):
          true
        default: "._-@".utf8.contains(byte)
        }
      }
  }

  /// Whether it holds at a time.
  package func holds(at now: Int) -> Bool { expiry.map { now < $0 } ?? true }
}

/// What is wrong with a file of keys.
package enum KeyFileError: Error, Sendable, Equatable {
  /// It can't be read or written; why.
  case unreadable(path: String, reason: String)
  /// It is no JSON, or not such as it should be: where, and what was expected there.
  case malformed(path: String, field: String, expected: String)
  /// A limit that is none: where, and how it is called.
  case unknownLimit(path: String, field: String, name: String)
  /// A name stands twice, or is to be added and is there.
  case repeated(name: String)
  /// A name is to be revoked and is not there.
  case absent(name: String)
}

extension AccessKey {
  /// Reads an entry of a file.
  init(_ value: JSONValue, field: String, path: String) throws(KeyFileError) {
    func expected(_ name: String, _ what: String) -> KeyFileError {
      .malformed(path: path, field: "\(field).\(name)", expected: what)
    }
    guard let name = value["name"]?.string, Self.isName(name) else {
      throw expected("name", "1 to 64 letters, digits or . _ - @")
    }
    guard let hex = value["secret_sha256"]?.string, let digest = Self.bytes(hex), digest.count == 32
    else { throw expected("secret_sha256", "64 hexadecimal digits") }
    var scopes: Set<Scope> = []
    guard let listed = value["scopes"]?.array, !listed.isEmpty else {
      throw expected("scopes", "a list of \(Scope.listed)")
    }
    for one in listed {
      guard let scope = one.string.flatMap(Scope.init(rawValue:)) else {
        throw expected("scopes", "a list of \(Scope.listed)")
      }
      scopes.insert(scope)
    }
    for member in value.members ?? []
    where !["name", "secret_sha256", "scopes", "expires", "limits"].contains(member.name) {
      throw expected(
        member.name, "no such member; known: name, secret_sha256, scopes, expires, limits")
    }
    var expiry: Int?
    if let told = value["expires"], !told.isNull {
      guard let text = told.string, let time = Self.seconds(text) else {
        throw expected("expires", "a time such as 2030-01-31T00:00:00Z")
      }
      expiry = time
    }
    var limits = ClientLimits()
    if let told = value["limits"], !told.isNull {
      guard let members = told.members else { throw expected("limits", "an object") }
      for member in members {
        guard let known = ClientLimits.Name(rawValue: member.name) else {
          throw .unknownLimit(path: path, field: "\(field).limits", name: member.name)
        }
        guard let number = member.value.integer, number >= 1, number <= 1 << 53 else {
          throw expected("limits.\(member.name)", "a whole number from 1 on")
        }
        limits[known] = Int(number)
      }
    }
    self.init(name: name, digest: digest, scopes: scopes, expiry: expiry, limits: limits)
  }

  private init(
    name: String, digest: [UInt8], scopes: Set<Scope>, expiry: Int?, limits: ClientLimits
  ) {
    self.limits = limits
    self.name = name
    self.digest = digest
    self.scopes = scopes
    self.expiry = expiry
  }

  /// The entry of a file.
  var json: JSONValue {
    let hex = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let listed = Scope.allCases.filter(scopes.contains).map { JSONValue.string($0.rawValue) }
    let told = JSONValue(
      members: limits.all.map { .init($0.name.rawValue, .integer(Int64($0.value))) })
    return JSONValue(
      members: [
        .init("name", .string(name)), .init("secret_sha256", .string(hex)),
        .init("scopes", .array(listed)),
        .init("expires", expiry.map { .string(Self.text($0)) } ?? .null),
      ] + (limits.all.isEmpty ? [] : [.init("limits", told)]))
  }

  /// A time in seconds since 1970 as people read it.
  package static func text(_ seconds: Int) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
  }

  private static func seconds(_ text: String) -> Int? {
    (try? Date(text, strategy: .iso8601)).map { Int($0.timeIntervalSince1970) }
  }

  private static func bytes(_ hex: String) -> [UInt8]? {
    let digits = hex.utf8.map { byte in
      Character(UnicodeScalar(byte)).isASCII ? Character(UnicodeScalar(byte)).hexDigitValue : nil
    }
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[place], let low = digits[place + 1] else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }
}

extension Scope {
  /// All of them in words.
  package static var listed: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
