internal import COpenSSL

/// The only place of this room that calls OpenSSL.
enum Fence {
  /// Makes a context; whoever takes it frees it.
  static func makeContext(
    certificates: [UInt8], key: [UInt8]
  ) throws(TLSFault) -> (context: OpaquePointer, secondsToBegin: Int, secondsToEnd: Int) {
    var context: OpaquePointer?
    var validity = openssl_validity()
    var why = openssl_reason()
    let fault = certificates.withUnsafeBytes { certificates in
      key.withUnsafeBytes { key in
        openssl_context_make(
          certificates.baseAddress, certificates.count, key.baseAddress, key.count, &context,
          &validity, &why)
      }
    }
    switch fault {
    case openssl_fine: break
    case openssl_no_library: throw .library(reason: text(of: why))
    case openssl_bad_certificate: throw .certificate(reason: text(of: why))
    case openssl_bad_key: throw .key(reason: text(of: why))
    case openssl_encrypted_key: throw .encryptedKey
    case openssl_other_key: throw .otherKey
    default: throw .memory
    }
    guard let context else { throw .memory }
    return (context, Int(validity.begins), Int(validity.ends))
  }

  static func free(context: OpaquePointer) { openssl_context_free(context) }

  static func makeSession(_ context: OpaquePointer) throws(TLSFault) -> OpaquePointer {
    guard let session = openssl_session_make(context) else { throw .memory }
    return session
  }

  static func free(session: OpaquePointer) { openssl_session_free(session) }

  static func receive(_ bytes: UnsafeRawBufferPointer, _ session: OpaquePointer) -> Bool {
    openssl_session_receive(session, bytes.baseAddress, bytes.count)
  }

  /// Takes back what has arrived and was not looked at.
  static func takeArrived(_ session: OpaquePointer, atMost count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, taken in
      taken = openssl_session_return(session, buffer.baseAddress, count)
    }
  }

  /// What one step of reading gave.
  enum Step {
    case bytes(Int)
    case wait
    case closed
    case failed(String)
  }

  static func read(_ session: OpaquePointer, into room: UnsafeMutableRawBufferPointer) -> Step {
    var count = 0
    var why = openssl_reason()
    switch openssl_session_read(session, room.baseAddress, room.count, &count, &why) {
    case openssl_bytes: return .bytes(min(count, room.count))
    case openssl_wait: return .wait
    case openssl_closed: return .closed
    default: return .failed(text(of: why))
    }
  }

  static func write(
    _ bytes: UnsafeRawBufferPointer, _ session: OpaquePointer
  ) throws(TLSViolation) {
    var why = openssl_reason()
    guard openssl_session_write(session, bytes.baseAddress, bytes.count, &why) == openssl_bytes
    else { throw TLSViolation(reason: text(of: why)) }
  }

  /// Moves what waits to be sent to the end of a list.
  static func takeWaiting(_ session: OpaquePointer, into output: inout [UInt8]) {
    while true {
      let count = openssl_session_waiting(session)
      guard count > 0 else { return }
      let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, taken in
        taken = openssl_session_take(session, buffer.baseAddress, count)
      }
      guard !piece.isEmpty else { return }
      if output.isEmpty { output = piece } else { output += piece }
    }
  }

  static func isEstablished(_ session: OpaquePointer) -> Bool {
    openssl_session_established(session)
  }

  static func finish(_ session: OpaquePointer) { openssl_session_finish(session) }

  private static func text(of reason: openssl_reason) -> String {
    withUnsafeBytes(of: reason.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
