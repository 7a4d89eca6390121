/// A certificate chain with its key, and the rules by which conversations begin: TLS 1.2 and 1.3, ephemeral keys and authenticated
/// ciphers only, neither compression nor renegotiation, `http/1.1` as the one protocol (ALPN), sessions taken up by tickets.
///
/// Connections share it and keep it alive, so that another one can take its place at any time. Tickets of another one open nothing
/// here; their holders shake hands in full.
package final class TLSSettings: @unchecked Sendable {
  // Proof: nothing of it changes once it is made, and OpenSSL lets threads share a context, whose holders it counts.
  let context: OpaquePointer
  /// Seconds until the certificate holds, from when it was read; not positive where it did.
  package let secondsToBegin: Int
  /// Seconds until it holds no more, from when it was read.
  package let secondsToEnd: Int

  /// Reads PEM texts.
  ///
  /// - Parameters:
  ///   - certificates: the server's certificate, and behind it those that vouch for it, up to one that clients know.
  ///   - key: its key, without a passphrase.
  package init(certificates: [UInt8], key: [UInt8]) throws(TLSFault) {
    (context, secondsToBegin, secondsToEnd) = try Fence.makeContext(
      certificates: certificates, key: key)
  }

  deinit { Fence.free(context: context) }
}
