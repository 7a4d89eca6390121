/// Why TLS can't be spoken with what the operator gave; reasons are OpenSSL's or the system's words.
package enum TLSFault: Error, Sendable, Hashable {
  /// OpenSSL 3 is not on this machine, or is not what it says.
  case library(reason: String)
  /// The chain can't be read, or OpenSSL does not take it.
  case certificate(reason: String)
  /// The key can't be read, or OpenSSL does not take it.
  case key(reason: String)
  /// The key wants a passphrase.
  case encryptedKey
  /// The key is not that of the certificate.
  case otherKey
  /// There is no memory for more.
  case memory
}

/// A peer broke a rule of TLS, or something of the conversation was damaged: nothing more can be said in it.
package struct TLSViolation: Error, Sendable, Hashable {
  /// In OpenSSL's words.
  package let reason: String
}
