internal import Foundation

/// A certificate and its key in files, which go with this.
package final class CertificateFiles: Sendable {
  private let folder: String
  package var certificate: String { folder + "/certificate.pem" }
  package var key: String { folder + "/key.pem" }

  package init(_ identity: TestIdentity) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(identity)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Puts others in their place.
  package func write(_ identity: TestIdentity) throws {
    try Data(identity.certificate).write(to: URL(fileURLWithPath: certificate))
    try Data(identity.key).write(to: URL(fileURLWithPath: key))
  }
}
