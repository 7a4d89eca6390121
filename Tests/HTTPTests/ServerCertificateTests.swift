import Foundation
import HTTP
import TLSKit
import Testing

/// Files that hold a certificate and its key, and files that do not.
@Suite struct ServerCertificateTests {
  private func error(_ certificate: String, _ key: String) -> CertificateError? {
    do throws(CertificateError) {
      _ = try ServerCertificate(certificate: certificate, key: key)
      return nil
    } catch {
      return error
    }
  }

  @Test func `what is wrong with a file names the file`() throws {
    let (files, others) = (
      try CertificateFiles(try TestIdentity()), try CertificateFiles(try TestIdentity())
    )
    #expect(error(files.certificate, files.key) == nil)
    let absent = files.certificate + ".absent"
    for (one, other) in [(absent, files.key), (files.certificate, absent)] {
      guard case .unreadable(absent, let reason)? = error(one, other) else {
        Issue.record("\(error(one, other) as Any)")
        continue
      }
      #expect(!reason.isEmpty)
    }
    #expect(
      error(files.key, files.key)
        == .certificate(path: files.key, reason: "it has no -----BEGIN CERTIFICATE-----"))
    #expect(
      error(files.certificate, files.certificate)
        == .key(path: files.certificate, reason: "it has no -----BEGIN PRIVATE KEY-----"))
    #expect(
      error(files.certificate, others.key)
        == .otherKey(path: others.key, certificate: files.certificate))
    try Data(try TestIdentity().key(passphrase: "abc")).write(to: URL(fileURLWithPath: others.key))
    #expect(error(files.certificate, others.key) == .encryptedKey(path: others.key))
    try Data(repeating: 0x41, count: 2 << 20).write(to: URL(fileURLWithPath: others.key))
    #expect(
      error(files.certificate, others.key) == .tooLarge(path: others.key, limit: 1 << 20))
    #expect(error("/", files.key).map { "\($0)".contains("unreadable") } == true)
  }

  @Test func `how long it still holds is known`() throws {
    let files = try CertificateFiles(try TestIdentity(hours: -2...10))
    let certificate = try ServerCertificate(certificate: files.certificate, key: files.key)
    #expect((35_000...36_100).contains(certificate.secondsToEnd))
    #expect(certificate.secondsToBegin < 0)
    try files.write(try TestIdentity(hours: 1...2))
    #expect(certificate.secondsToBegin < 0)
    try certificate.reload()
    #expect(certificate.secondsToBegin > 0)
  }
}
