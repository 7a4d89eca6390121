/// A file in memory, as the dashboard's files are; shared by all requests for it.
package struct StaticFile: Sendable {
  /// `Content-Type`.
  package var type: String
  /// The bytes.
  package var bytes: [UInt8]
  /// The entity tag with its quotes, made from the bytes.
  package let entityTag: String
  /// `Cache-Control`; `no-cache` means: keep it, but ask whether the tag still holds.
  package var cacheControl: String
  /// `Content-Security-Policy` and who may frame it; nil for files that no browser shows.
  package var securityPolicy: String?

  /// Wraps bytes; computes the tag once, so keep the value and do not make one per request.
  package init(
    type: String, bytes: [UInt8], cacheControl: String = "no-cache", securityPolicy: String? = nil
  ) {
    self.type = type
    self.bytes = bytes
    self.cacheControl = cacheControl
    self.securityPolicy = securityPolicy
    // FNV-1a, 64 bits: tells versions of a file apart; it is no defence against forgery.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    entityTag = "\"\(String(hash, radix: 36))-\(String(bytes.count, radix: 36))\""
  }
}
