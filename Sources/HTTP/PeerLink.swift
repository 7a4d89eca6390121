import Sockets
import TLS

/// The socket of a connection, what its bytes are sealed with, and how far its two ends have come in leaving.
struct PeerLink: ~Copyable {
  let connection: Connection
  /// The connection is over for us.
  private(set) var isShut = false
  /// The peer has said its last byte; it may still be listening.
  private(set) var hasPeerFinished = false
  /// Bytes have been written, or are waiting, that say the last word.
  private(set) var hasFinishedWriting = false
  /// Bytes wait for the peer, and the ledger knows.
  private(set) var isEntered = false

  private var tls: TLSServerMachine?
  /// Whether what travels is encrypted.
  private(set) var isSecure: Bool
  /// The peer speaks in plain text where TLS is spoken.
  private(set) var isMisled = false
  /// The peer has said that nothing of what it said is cut off.
  private(set) var hasPeerClosed = false
  /// Nothing can be sealed any more.
  private(set) var isBroken = false

  /// - Parameter settings: of TLS; nil for a plain connection.
  init(_ connection: Connection, _ settings: TLSSettings?) {
    self.connection = connection
    isSecure = settings != nil
    guard let settings else { return }
    do throws(TLSFault) { tls = try TLSServerMachine(settings) } catch { isBroken = true }
  }

  /// Closes; false where that has been done before.
  mutating func shut() -> Bool {
    defer { isShut = true }
    return !isShut
  }

  mutating func notePeerFinished() { hasPeerFinished = true }

  /// Says the last byte; false where that has been done before.
  mutating func finishWriting() -> Bool {
    guard !hasFinishedWriting else { return false }
    hasFinishedWriting = true
    connection.finishWriting()
    return true
  }

  /// Notes whether the ledger knows of waiting bytes; true where it did before.
  mutating func enter(_ isWaiting: Bool) -> Bool {
    defer { isEntered = isWaiting }
    return isEntered
  }

  // MARK: TLS

  /// Whether the peer has ended in a way that somebody between could have made up.
  var isTruncated: Bool { isSecure && !hasPeerClosed }

  mutating func receive(_ bytes: UnsafeRawBufferPointer) { tls?.receive(bytes) }

  /// Shakes hands and decrypts as far as that goes; lends what the peer has said.
  mutating func open(
    _ said: (UnsafeRawBufferPointer) -> Void
  ) throws(TLSViolation) -> TLSServerMachine.Progress {
    let progress = try tls?.open(said) ?? .waiting
    if progress == .closed { hasPeerClosed = true }
    return progress
  }

  /// What has to be sent for TLS itself.
  mutating func takeOutput() -> [[UInt8]] {
    let output = tls?.takeOutput() ?? []
    return output.isEmpty ? [] : [output]
  }

  /// Pieces as they travel: themselves on a plain connection.
  mutating func sealed(_ parcel: [[UInt8]]) -> [[UInt8]] {
    guard isSecure else { return parcel }
    do throws(TLSViolation) {
      let output = try tls?.seal(parcel) ?? []
      return output.isEmpty ? [] : [output]
    } catch {
      isBroken = true
      return []
    }
  }

  /// What tells the peer that nothing is cut off; nothing on a plain connection.
  mutating func farewell() -> [[UInt8]] {
    tls?.finish()
    return takeOutput()
  }

  /// Gives TLS up for a peer that does not speak it, and gives what it has said.
  mutating func becomePlain() -> [UInt8] {
    let said = tls?.takeArrived() ?? []
    tls = nil
    isSecure = false
    isMisled = true
    return said
  }
}
