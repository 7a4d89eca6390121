internal import Foundation
internal import Synchronization
internal import TLS

/// The certificate that the server shows, and its key, read from files and again from the same files.
///
/// Usable from any thread. Connections keep what they began with.
package final class ServerCertificate: Sendable {
  /// The file of the certificate and of those that vouch for it, in PEM.
  package let certificatePath: String
  /// The file of the key, in PEM; it may be the same.
  package let keyPath: String
  private let held: Mutex<Fresh>

  /// What files said when they were read.
  package struct Fresh: Sendable {
    let settings: TLSSettings
    fileprivate let began = ContinuousClock.now
  }

  /// Bytes that a file may have; chains have a few thousand.
  private static let limit = 1 << 20

  /// Reads both files.
  package init(certificate: String, key: String) throws(CertificateError) {
    certificatePath = certificate
    keyPath = key
    held = Mutex(try Self.read(certificate, key))
  }

  /// What new connections begin with.
  var current: TLSSettings { held.withLock(\.settings) }

  /// Seconds until the certificate holds no more; negative where it already does not.
  package var secondsToEnd: Int { seconds(\.secondsToEnd) }

  /// Seconds until it holds; not positive where it does.
  package var secondsToBegin: Int { seconds(\.secondsToBegin) }

  private func seconds(_ which: KeyPath<TLSSettings, Int>) -> Int {
    let held = held.withLock(\.self)
    return held.settings[keyPath: which] - Int((ContinuousClock.now - held.began) / .seconds(1))
  }

  /// Reads the files again, without using what they say yet.
  package func read() throws(CertificateError) -> Fresh {
    try Self.read(certificatePath, keyPath)
  }

  /// From now on, new connections begin with this.
  package func use(_ fresh: Fresh) { held.withLock { $0 = fresh } }

  /// Reads the files again; where they are wrong, what was read before stays.
  package func reload() throws(CertificateError) { use(try read()) }

  private static func read(
    _ certificate: String, _ key: String
  ) throws(CertificateError) -> Fresh {
    let (chain, secret) = (try bytes(of: certificate), try bytes(of: key))
    do throws(TLSFault) {
      return Fresh(settings: try TLSSettings(certificates: chain, key: secret))
    } catch {
      switch error {
      case .library(let reason): throw .library(reason: reason)
      case .certificate(let reason): throw .certificate(path: certificate, reason: reason)
      case .key(let reason): throw .key(path: key, reason: reason)
      case .encryptedKey: throw .encryptedKey(path: key)
      case .otherKey: throw .otherKey(path: key, certificate: certificate)
      case .memory: throw .memory
      }
    }
  }

  private static func bytes(of path: String) throws(CertificateError) -> [UInt8] {
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      let data = try file.read(upToCount: limit + 1) ?? Data()
      guard data.count <= limit else { throw CertificateError.tooLarge(path: path, limit: limit) }
      return Array(data)
    } catch let error as CertificateError {
      throw error
    } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
  }
}

/// Why a certificate can't be used; reasons are the system's or OpenSSL's words.
package enum CertificateError: Error, Sendable, Hashable {
  /// OpenSSL 3 can't be used on this machine.
  case library(reason: String)
  case unreadable(path: String, reason: String)
  case tooLarge(path: String, limit: Int)
  case certificate(path: String, reason: String)
  case key(path: String, reason: String)
  /// The key wants a passphrase.
  case encryptedKey(path: String)
  /// The key is not that of the certificate.
  case otherKey(path: String, certificate: String)
  case memory
}
