import Foundation
import HTTP
import JSON
import StreamKit
import TLSKit
import TestKit
import Testing

@testable import API

/// What a server that speaks TLS itself answers differently.
@Suite(.ownThreads, .timeLimit(.minutes(20))) struct ServerTLSTests {
  private static func ask(
    _ kit: ServerKit, _ method: String, _ path: String, _ body: String? = nil,
    fields: [String] = []
  ) async throws -> TestResponse {
    let link = await TLSLoopback(try kit.client(), try TLSTestClient())
    await link.send(ServerKit.request(method, path, body, fields: fields))
    let (said, end) = await link.receiveAll()
    #expect(end == .closed)
    return TestResponse(said).dechunked
  }

  private static func server(
    _ files: CertificateFiles, keys: KeyRing = .none
  ) async throws -> ServerKit {
    let certificate = try ServerCertificate(certificate: files.certificate, key: files.key)
    return try await ServerKit(loadsModel: false) {
      $0.certificate = certificate
      $0.keys = keys
    }
  }

  @Test func `the cookie of a login does not travel in plain text`() async throws {
    let ring = try KeyRing(fixed: [AccessKey(name: "a", secret: "secret-a", scopes: [.read])])
    let files = try CertificateFiles(try TestIdentity())
    let login = #"{"key":"secret-a"}"#
    let sealed = try await Self.ask(
      try await Self.server(files, keys: ring), "POST", "/v1/login", login)
    #expect(sealed.code == 200)
    #expect(sealed["Set-Cookie"]?.hasSuffix("; HttpOnly; SameSite=Strict; Secure") == true)
    let plain = try await ServerKit(loadsModel: false) { $0.keys = ring }
    let given = try await plain.send("POST", "/v1/login", login)
    #expect(given["Set-Cookie"]?.hasSuffix("; HttpOnly; SameSite=Strict") == true)
  }

  @Test func `a session counts for pages by TLS alone`() async throws {
    let ring = try KeyRing(fixed: [AccessKey(name: "a", secret: "secret-a", scopes: [.read])])
    let files = try CertificateFiles(try TestIdentity())
    let kit = try await Self.server(files, keys: ring)
    let session = try #require(ring.beginSession(secret: "secret-a"))
    func code(_ origin: String) async throws -> Int {
      try await Self.ask(
        kit, "GET", "/v1/runs",
        fields: ["Cookie: neuroscope_session=\(session)", "Origin: \(origin)"]
      ).code
    }
    #expect(try await code("https://localhost") == 200)
    #expect(try await code("http://localhost") == 401)
  }

  @Test func `keys and certificate are read again together, or neither`() async throws {
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var list = KeyFile(newAt: path)
    try list.add(AccessKey(name: "a", secret: "secret-a", scopes: [.admin]))
    try list.write()
    let files = try CertificateFiles(try TestIdentity())
    let kit = try await Self.server(files, keys: try KeyRing(fixed: [], path: path))
    let bearer = ["Authorization: Bearer secret-a"]
    func reload() async throws -> TestResponse {
      try await Self.ask(kit, "POST", "/v1/keys/reload", "{}", fields: bearer)
    }
    let first = try await reload()
    #expect(first.code == 200)
    #expect(try first.json["keys"]?.integer == 1)
    let rest = try #require(try first.json["certificate"]?["expires_in"]?.integer)
    #expect((85_000...86_400).contains(rest))

    // A wrong certificate: the keys stay too.
    try list.add(AccessKey(name: "b", secret: "secret-b", scopes: [.read]))
    try list.write()
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: files.certificate))
    let refused = try await reload()
    #expect(refused.code == 422)
    #expect(try refused.json["code"]?.string == "certificate_unusable")
    #expect(refused.text.contains(files.certificate))
    #expect(kit.server.service.options.keys.count == 1)

    // Wrong keys: the certificate stays too.
    let next = try TestIdentity()
    try files.write(next)
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try await reload().code == 422)
    let doubting = await TLSLoopback(try kit.client(), try TLSTestClient(authority: next))
    #expect(doubting.tls.failure == "certificate verify failed")

    try list.write()
    #expect(try await reload().json["keys"]?.integer == 2)
    let believing = await TLSLoopback(try kit.client(), try TLSTestClient(authority: next))
    #expect(believing.tls.isEstablished)
  }

  @Test func `a certificate alone can be read again too`() async throws {
    let files = try CertificateFiles(try TestIdentity())
    let answer = try await Self.ask(
      try await Self.server(files), "POST", "/v1/keys/reload", "{}")
    #expect(answer.code == 200)
    #expect(try answer.json["keys"]?.integer == 0)
  }
}
