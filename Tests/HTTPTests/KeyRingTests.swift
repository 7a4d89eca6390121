import Foundation
import JSON
import Loops
import Synchronization
import TestKit
import Testing

@testable import HTTP

/// Keys, sessions and tickets without a server.
@Suite struct KeyRingTests {
  /// A clock that a test sets.
  private final class Time: Sendable {
    private let now = Atomic(1_800_000_000)
    var seconds: Int { now.load(ordering: .relaxed) }
    func pass(_ seconds: Int) { now.add(seconds, ordering: .relaxed) }
  }

  private final class Scratch {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test func `a secret opens what its key allows, and nothing else does`() throws {
    let secrets = (0..<20).map { _ in AccessKey.makeSecret() }
    let keys = secrets.enumerated().map { number, secret in
      AccessKey(name: "k\(number)", secret: secret, scopes: [Scope.allCases[number % 5]])
    }
    let ring = try KeyRing(fixed: keys)
    #expect(Set(secrets).count == 20 && secrets.allSatisfy { $0.utf8.count >= 40 })
    for (number, secret) in secrets.enumerated() {
      let caller = try #require(ring.caller(secret: secret))
      #expect(caller.name == "k\(number)" && caller.scopes == [Scope.allCases[number % 5]])
      for wrong in [
        String(secret.dropLast()), secret + "x", secret.uppercased(), " " + secret,
        "\(secret.dropLast())\(secret.last == "A" ? "B" : "A")",
      ] {
        #expect(ring.caller(secret: wrong) == nil)
      }
    }
    #expect(ring.caller(secret: "") == nil)
  }

  @Test func `an administrator may do everything, everybody else what is said`() {
    for scope in Scope.allCases {
      #expect(Caller(name: "a", scopes: [.admin]).may(scope))
      #expect(Caller.anybody.may(scope) && !Caller.nobody.may(scope))
      let own = Caller(name: "a", scopes: [scope])
      #expect(Scope.allCases.filter(own.may) == (scope == .admin ? Scope.allCases : [scope]))
    }
  }

  @Test func `digests are compared to their last byte, whatever differs first`() {
    let digest = (0..<32).map { UInt8($0) }
    #expect(KeyRing.isEqual(digest, digest))
    for place in 0..<32 {
      for bit in 0..<8 {
        var other = digest
        other[place] ^= 1 << bit
        #expect(!KeyRing.isEqual(digest, other))
      }
    }
    #expect(!KeyRing.isEqual(digest, Array(digest.dropLast())))
  }

  @Test func `keys, sessions and tickets end when their time is over`() throws {
    let time = Time()
    let key = AccessKey(
      name: "a", secret: "s", scopes: [.read], expiry: time.seconds + 100_000)
    let ring = try KeyRing(fixed: [key], clock: { time.seconds })
    let session = try #require(ring.beginSession(secret: "s"))
    let caller = try #require(ring.caller(session: session))
    let late = try #require(ring.makeTicket(for: caller))
    let ticket = try #require(ring.makeTicket(for: caller))
    #expect(ring.caller(ticket: ticket) == caller)
    #expect(ring.caller(ticket: ticket) == nil, "a ticket opens once")
    #expect(ring.caller(ticket: session) == nil && ring.caller(session: ticket) == nil)
    #expect(ring.caller(secret: session) == nil)
    time.pass(KeyRing.ticketSeconds)
    #expect(ring.caller(ticket: late) == nil)
    #expect(ring.caller(session: session) == caller)
    ring.endSession(session)
    #expect(ring.caller(session: session) == nil)
    let other = try #require(ring.beginSession(secret: "s"))
    time.pass(KeyRing.sessionSeconds)
    #expect(ring.caller(session: other) == nil)
    #expect(ring.caller(secret: "s") == caller)
    time.pass(100_000)
    #expect(ring.caller(secret: "s") == nil && ring.current(caller) == nil)
  }

  @Test func `sessions that nobody ends take no more and more memory`() throws {
    let ring = try KeyRing(fixed: [AccessKey(name: "a", secret: "s", scopes: [.read])])
    let sessions = try (0..<5000).map { _ in try #require(ring.beginSession(secret: "s")) }
    let open = sessions.count { ring.caller(session: $0) != nil }
    #expect(open == 4096)
  }

  @Test func `a file is written, read, changed and read again; a wrong one changes nothing`()
    throws
  {
    let scratch = Scratch()
    var file = KeyFile(newAt: scratch.path)
    try file.add(AccessKey(name: "a", secret: "sa", scopes: [.read, .run], expiry: 2_000_000_000))
    try file.add(AccessKey(name: "b", secret: "sb", scopes: [.admin]))
    #expect(throws: KeyFileError.repeated(name: "a")) {
      try file.add(AccessKey(name: "a", secret: "other", scopes: [.read]))
    }
    try file.write()
    let mode = try FileManager.default.attributesOfItem(atPath: scratch.path)[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
    let text = try String(contentsOfFile: scratch.path, encoding: .utf8)
    #expect(!text.contains("\"sa\"") && text.contains("secret_sha256"))
    #expect(try KeyFile(reading: scratch.path).keys == file.keys)
    let ring = try KeyRing(
      fixed: [AccessKey(name: "f", secret: "sf", scopes: [.admin])], path: scratch.path)
    let session = try #require(ring.beginSession(secret: "sa"))
    #expect(ring.caller(secret: "sb") != nil && ring.caller(secret: "sf") != nil)
    try file.revoke("a")
    #expect(throws: KeyFileError.absent(name: "a")) { try file.revoke("a") }
    try file.write()
    #expect(ring.caller(secret: "sa") != nil, "nobody has read it yet")
    try ring.reload()
    #expect(ring.caller(secret: "sa") == nil && ring.caller(session: session) == nil)
    try "{".write(toFile: scratch.path, atomically: true, encoding: .utf8)
    #expect(throws: KeyFileError.self) { try ring.reload() }
    #expect(ring.caller(secret: "sb") != nil && ring.count == 2)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[1]}"#, #"{"keys":[{"name":"a"}]}"#,
    #"{"keys":[{"name":"a b","secret_sha256":"%D","scopes":["read"]}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%Dff","scopes":["read"]}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"zz","scopes":["read"]}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%D","scopes":[]}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%D","scopes":["reed"]}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%D","scopes":["read"],"expires":"soon"}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%D","scopes":["read"],"expires":7}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%D","scopes":["read"],"expiry":"2030-01-01T00:00:00Z"}]}"#,
    #"{"keys":[{"name":"a","secret_sha256":"%D","scopes":["read"]},{"name":"a","secret_sha256":"%D","scopes":["run"]}]}"#,
  ])
  func `what is no file of keys is refused, saying where`(_ text: String) throws {
    let scratch = Scratch()
    try text.replacing("%D", with: String(repeating: "0a", count: 32))
      .write(toFile: scratch.path, atomically: true, encoding: .utf8)
    #expect(throws: KeyFileError.self) { try KeyFile(reading: scratch.path) }
  }

  @Test func `limits of a file are read and written, and unknown ones refused`() throws {
    let scratch = Scratch()
    var limits = ClientLimits()
    for (number, name) in ClientLimits.Name.allCases.enumerated() { limits[name] = number + 1 }
    var file = KeyFile(newAt: scratch.path)
    try file.add(AccessKey(name: "a", secret: "a", scopes: [.run], limits: limits))
    try file.add(AccessKey(name: "b", secret: "b", scopes: [.run]))
    try file.write()
    #expect(try KeyFile(reading: scratch.path).keys == file.keys)
    let ring = try KeyRing(fixed: [], path: scratch.path)
    let allowance = try #require(ring.caller(secret: "a")?.allowance)
    #expect(allowance.limits == limits)
    #expect(ring.caller(secret: "b")?.allowance?.limits == ClientLimits())

    // What is read again holds for what was taken before.
    let seat = try allowance.takeSeat()
    try file.revoke("a")
    limits[.connections] = 1
    try file.add(AccessKey(name: "a", secret: "a", scopes: [.run], limits: limits))
    try file.write()
    try ring.reload()
    #expect(ring.caller(secret: "a")?.allowance === seat.allowance)
    #expect(allowance.limits[.connections] == 1)

    let text = try String(contentsOfFile: scratch.path, encoding: .utf8)
    for (wrong, expected) in [
      (
        #""run":4"#,
        KeyFileError.unknownLimit(path: scratch.path, field: "keys[1].limits", name: "run")
      ),
      (
        #""runs":0"#,
        .malformed(
          path: scratch.path, field: "keys[1].limits.runs", expected: "a whole number from 1 on")
      ),
      (
        #""runs":"4""#,
        .malformed(
          path: scratch.path, field: "keys[1].limits.runs", expected: "a whole number from 1 on")
      ),
    ] {
      let changed = text.replacing(#""runs": 1"#, with: wrong).replacing(#""runs":1"#, with: wrong)
      #expect(changed != text)
      try changed.write(toFile: scratch.path, atomically: false, encoding: .utf8)
      #expect(throws: expected) { try KeyFile(reading: scratch.path) }
      #expect(throws: expected) { try ring.reload() }
      #expect(ring.caller(secret: "a") != nil, "what was read before stays")
    }
  }
}
