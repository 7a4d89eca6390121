internal import CTLSKit
internal import TestKit

/// The client's side of a TLS conversation over bytes, for tests of the server's.
package final class TLSTestClient: @unchecked Sendable {
  // Proof for @unchecked: a test steps it from one place at a time, waiting for each step.
  private let handle: OpaquePointer

  /// Versions of TLS as they travel.
  package enum Version: Int32, Sendable, Comparable, CaseIterable {
    case v1_0 = 0x0301
    case v1_1 = 0x0302
    case v1_2 = 0x0303
    case v1_3 = 0x0304

    package static func < (one: Version, other: Version) -> Bool {
      one.rawValue < other.rawValue
    }
  }

  /// What may be taken up by another client.
  package final class Session: @unchecked Sendable {
    // Proof for @unchecked: nothing of it changes, and OpenSSL counts its holders.
    fileprivate let handle: OpaquePointer
    fileprivate init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { tlskit_session_free(handle) }
  }

  /// What a read gave.
  package enum Reading: Sendable, Equatable {
    case bytes([UInt8])
    case wait
    case closed
    case failed(String)
  }

  /// - Parameters:
  ///   - ciphers: of TLS 1.2 and before, in OpenSSL's words; without, everything that it has.
  ///   - authority: who vouches for the server, which must then be called `localhost`; without, everybody is believed.
  package init(
    _ versions: ClosedRange<Version> = .v1_2 ... .v1_3, ciphers: String? = nil,
    protocols: [String] = [], authority: TestIdentity? = nil, resuming session: Session? = nil
  ) throws {
    let offered = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    func make(_ ciphers: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
      offered.withUnsafeBufferPointer { offered in
        var wishes = tlskit_wishes(
          least: versions.lowerBound.rawValue, most: versions.upperBound.rawValue, ciphers: ciphers,
          protocols: offered.baseAddress, protocols_size: UInt32(offered.count),
          authority: authority?.handle, name: name)
        return tlskit_client_make(&wishes, session?.handle)
      }
    }
    handle = try require(
      "localhost".withCString { name in
        let name = authority == nil ? nil : name
        guard let ciphers else { return make(nil, name) }
        return ciphers.withCString { make($0, name) }
      })
  }

  deinit { tlskit_client_free(handle) }

  package var isEstablished: Bool { tlskit_client_established(handle) }
  package var version: String { String(cString: tlskit_client_version(handle)) }
  package var cipher: String { String(cString: tlskit_client_cipher(handle)) }
  /// Why the last thing failed.
  package var failure: String { String(cString: tlskit_client_failure(handle)) }
  package var wasResumed: Bool { tlskit_client_was_resumed(handle) }
  /// Certificates that the server has sent.
  package var chainCount: Int { Int(tlskit_client_chain_count(handle)) }
  package var session: Session? { tlskit_client_session(handle).map(Session.init) }

  /// The protocol that was agreed on (ALPN); empty where none was.
  package var agreedProtocol: String {
    let text = [CChar](unsafeUninitializedCapacity: 256) { buffer, count in
      count = max(0, tlskit_client_protocol(handle, buffer.baseAddress, 256))
    }
    return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  package func receive(_ bytes: [UInt8]) { _ = tlskit_client_receive(handle, bytes, bytes.count) }

  /// Shakes hands and decrypts as far as what has arrived goes.
  package func read() -> Reading {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, taken in
      count = tlskit_client_read(handle, buffer.baseAddress, 16_384)
      taken = max(0, count)
    }
    switch count {
    case 1...: return .bytes(bytes)
    case 0: return .wait
    case -1: return .closed
    default: return .failed(failure)
    }
  }

  /// Encrypts; `takeOutput` gives the records.
  @discardableResult
  package func write(_ bytes: [UInt8]) -> Bool { tlskit_client_write(handle, bytes, bytes.count) }

  package func takeOutput() -> [UInt8] {
    let size = tlskit_client_waiting(handle)
    guard size > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = max(0, tlskit_client_take(handle, buffer.baseAddress, size))
    }
  }

  /// Says `close_notify`.
  package func finish() { tlskit_client_finish(handle) }
  /// Asks for another handshake, which TLS 1.2 knows.
  @discardableResult
  package func renegotiate() -> Bool { tlskit_client_renegotiate(handle) }
  /// Changes its key and has the server change its own, which TLS 1.3 knows.
  @discardableResult
  package func updateKey() -> Bool { tlskit_client_update_key(handle) }
}
