internal import CTLSKit
internal import TestKit

/// A certificate and its key, made on the spot and worth nothing: `localhost` and 127.0.0.1, for some hours.
package final class TestIdentity: @unchecked Sendable {
  // Proof for @unchecked: what is made is only read afterwards, and OpenSSL counts its holders.
  let handle: OpaquePointer

  private init(_ handle: OpaquePointer?) throws { self.handle = try require(handle) }

  deinit { tlskit_identity_free(handle) }

  /// One that signs itself, or that another one signs.
  ///
  /// - Parameters:
  ///   - hours: from when to when it holds, from now.
  ///   - rsaBits: of an RSA key; a key of P-256 without.
  package convenience init(
    _ name: String = "localhost", by issuer: TestIdentity? = nil, isAuthority: Bool = false,
    hours: ClosedRange<Int> = -1...24, rsaBits: UInt32 = 0
  ) throws {
    try self.init(
      tlskit_issue(
        name, issuer?.handle, isAuthority, hours.lowerBound * 3600, hours.upperBound * 3600, rsaBits
      ))
  }

  /// The certificate in PEM.
  package var certificate: [UInt8] {
    Self.text { tlskit_certificate(handle, $0, $1) }
  }

  /// The key in PEM.
  package var key: [UInt8] { Self.text { tlskit_key(handle, nil, $0, $1) } }

  /// The key in PEM, sealed.
  package func key(passphrase: String) -> [UInt8] {
    Self.text { tlskit_key(handle, passphrase, $0, $1) }
  }

  private static func text(_ write: (UnsafeMutablePointer<CChar>?, Int) -> Int) -> [UInt8] {
    let size = 16_384
    let text = [CChar](unsafeUninitializedCapacity: size) { buffer, count in
      count = max(0, write(buffer.baseAddress, size))
    }
    return text.map { UInt8(bitPattern: $0) }
  }
}
