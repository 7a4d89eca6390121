import API
import ArgumentParser
import Foundation
import HTTP
import Sockets
import TLSKit
import Testing

@testable import neuroscope

/// Where a server may listen without saying more.
@Suite struct ListenFlagsTests {
  private func options(_ arguments: String...) throws -> ServerOptions {
    var options = ServerOptions()
    try ListenFlags.parse(arguments + ["--port", "0"]).apply(to: &options)
    return options
  }

  @Test(arguments: [
    [], ["--host", "127.0.0.1"], ["--host", "127.9.9.9"], ["--host", "::1"],
    ["--listen", "unix:/tmp/x"], ["--listen", "127.0.0.1:1", "--listen", "[::1]:1"],
  ])
  func `this machine may reach it`(_ arguments: [String]) throws {
    var options = ServerOptions()
    try ListenFlags.parse(arguments).apply(to: &options)
    #expect(options.openAddresses.isEmpty)
  }

  @Test(arguments: [
    ["--host", "0.0.0.0"], ["--host", "::"], ["--listen", "192.0.2.1:80"],
    ["--listen", "127.0.0.1:1", "--listen", "[2001:db8::1]:1"], ["--host", "::ffff:192.0.2.1"],
  ])
  func `others may reach it only where that is said`(_ arguments: [String]) throws {
    var options = ServerOptions()
    let refusal = #expect(throws: CommandFailure.self) {
      try ListenFlags.parse(arguments).apply(to: &options)
    }
    #expect(refusal.map { "\($0)".contains("--insecure-no-auth") } == true)
    try ListenFlags.parse(arguments + ["--insecure-no-auth"]).apply(to: &options)
    #expect(options.openAddresses.count == 1)
  }

  @Test func `with keys others may reach it`() throws {
    let open = try options("--host", "0.0.0.0", "--api-key", "secret", "--api-key", "more")
    #expect(open.openAddresses.isEmpty && open.keys.count == 2)
    #expect(open.keys.caller(secret: "more")?.may(.admin) == true)
    #expect(open.keys.caller(secret: "") == nil)
    #expect(throws: CommandFailure.self) { try options("--keys", "/there/is/no/such/file") }
    #expect(throws: CommandFailure.self) { try options("--api-key", "") }
  }

  @Test func `a certificate and its key go together, and addresses begin with https`() throws {
    let files = try CertificateFiles(try TestIdentity())
    let set = try options("--tls-cert", files.certificate, "--tls-key", files.key)
    #expect(set.certificate?.keyPath == files.key)
    #expect(set.scheme == "https")
    #expect(try options().scheme == "http")
    for alone in [["--tls-cert", files.certificate], ["--tls-key", files.key]] {
      var options = ServerOptions()
      let refusal = #expect(throws: CommandFailure.self) {
        try ListenFlags.parse(alone).apply(to: &options)
      }
      let words = refusal.map { "\($0)" } ?? ""
      #expect(words.contains("--tls-cert") && words.contains("--tls-key"))
    }
    let wrong = #expect(throws: CommandFailure.self) {
      try options("--tls-cert", files.key, "--tls-key", files.key)
    }
    #expect(wrong.map { "\($0)".contains(files.key) } == true)
    #expect(throws: CommandFailure.self) {
      try options(
        "--listen", "unix:/tmp/x", "--tls-cert", files.certificate, "--tls-key", files.key)
    }
  }

  @Test func `a key is made, listed and revoked in a file`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    func keys(_ arguments: String...) throws {
      var command = try KeysCommand.parseAsRoot(arguments + ["--keys", path])
      try command.run()
    }
    try keys("add", "class", "--scope", "read", "--days", "2")
    try keys("add", "staff", "--scope", "read", "--scope", "admin")
    let made = try KeyFile(reading: path).keys
    #expect(made.map(\.name) == ["class", "staff"])
    #expect(made.map(\.scopes) == [[.read], [.read, .admin]])
    #expect(made.map { $0.expiry == nil } == [false, true])
    #expect(throws: CommandFailure.self) { try keys("add", "class") }
    #expect(throws: (any Error).self) { try keys("add", "a b") }
    #expect(throws: (any Error).self) { try keys("add", "c", "--scope", "reed") }
    try keys("list")
    try keys("revoke", "class")
    #expect(throws: CommandFailure.self) { try keys("revoke", "class") }
    #expect(try KeyFile(reading: path).keys.map(\.name) == ["staff"])
    #expect(try options("--keys", path, "--host", "0.0.0.0").keys.count == 1)
  }

  @Test func `names are taken from the options`() throws {
    #expect(try options("--allow-host", "a", "--allow-host", "b").allowedHosts == ["a", "b"])
    #expect(try options().allowedHosts == [])
  }
  @Test func `a path of a site is taken as it is written, or refused`() throws {
    #expect(try options().basePath == .root)
    #expect(try options("--base-path", "/").basePath == .root)
    #expect(try options("--base-path", "/tools/scope/").basePath.text == "/tools/scope")
    for wrong in ["tools", "/a/../b", "/a b", "/%61"] {
      #expect(throws: CommandFailure.self) { try options("--base-path", wrong) }
    }
  }
}
