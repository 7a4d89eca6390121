/// The server's side of one TLS conversation, as a value over bytes.
///
/// `receive` only stores; `open` shakes hands and decrypts as far as that goes; `seal` encrypts; `takeOutput` gives what has to be sent,
/// whoever caused it. There is no socket, clock or log in here. Memory is bounded by what was received since `open` and one record each
/// way.
///
///     arrived ─receive→ ┌─────────┐ ─open→ what the peer said
///                       │ OpenSSL │
///     to send ←─output─ └─────────┘ ←seal─ what it is told
///
/// - Standard: RFC 8446, RFC 5246, as OpenSSL 3 speaks them.
package struct TLSServerMachine: ~Copyable {
  /// How far the peer's side has come.
  package enum Progress: Sendable, Equatable {
    /// More has to arrive.
    case waiting
    /// The peer has said `close_notify`, its last word; it may still listen.
    case closed
    /// What has arrived is the text of another protocol, most likely plain HTTP; `takeArrived` gives it back.
    case plain
  }

  /// Plaintext of one record.
  private static let record = 16 << 10

  private let session: OpaquePointer
  /// The first byte that has arrived.
  private var first: UInt8?
  private var arrivedCount = 0
  private var hasFailed = false
  private var hasFinished = false

  /// Begins a conversation.
  package init(_ settings: TLSSettings) throws(TLSFault) {
    session = try Fence.makeSession(settings.context)
  }

  deinit { Fence.free(session: session) }

  /// Whether hands have been shaken, and both may speak.
  package var isEstablished: Bool { !hasFailed && Fence.isEstablished(session) }

  // MARK: The peer's

  /// Stores bytes from the peer.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
    guard !hasFailed else { return }
    if first == nil { first = bytes.first }
    arrivedCount += bytes.count
    if !Fence.receive(bytes, session) { hasFailed = true }
  }

  /// Goes on with what has been received, and lends what the peer has said, a record at a time.
  ///
  /// - Throws: the violation that ended the conversation; what tells the peer so waits in `takeOutput`.
  package mutating func open(
    _ said: (UnsafeRawBufferPointer) -> Void
  ) throws(TLSViolation) -> Progress {
    guard !hasFailed else { throw TLSViolation(reason: "the conversation is over") }
    if let first, Self.isText(first) { return .plain }
    let session = session
    let end = withUnsafeTemporaryAllocation(byteCount: Self.record, alignment: 16) { room in
      while true {
        let step = Fence.read(session, into: room)
        guard case .bytes(let count) = step else { return step }
        said(UnsafeRawBufferPointer(rebasing: room[..<count]))
      }
    }
    switch end {
    case .closed: return .closed
    case .failed(let reason):
      hasFailed = true
      throw TLSViolation(reason: reason)
    case .bytes, .wait: return .waiting
    }
  }

  /// Whether a conversation that begins so is in letters; TLS begins with a small number (RFC 8446, section 5.1).
  private static func isText(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x0d || byte == 0x0a
  }

  /// What has arrived and was not looked at, because it is `plain`.
  package mutating func takeArrived() -> [UInt8] {
    Fence.takeArrived(session, atMost: arrivedCount)
  }

  // MARK: Ours

  /// Encrypts pieces that belong together, in as few records as hold them; with everything else that has to be sent before.
  package mutating func seal(_ parcel: [[UInt8]]) throws(TLSViolation) -> [UInt8] {
    guard isEstablished, !hasFinished else {
      throw TLSViolation(reason: "nothing can be said in it now")
    }
    let total = parcel.reduce(0) { $0 + $1.count }
    var output: [UInt8] = []
    if total > Self.record { output.reserveCapacity(total + (total / Self.record + 2) * 64) }
    let session = session
    let result: Result<Void, TLSViolation> = withUnsafeTemporaryAllocation(
      byteCount: min(total, Self.record), alignment: 16
    ) { room in
      Result { () throws(TLSViolation) in
        var gathered = 0
        func send(_ bytes: UnsafeRawBufferPointer) throws(TLSViolation) {
          try Fence.write(bytes, session)
          // After each record, so that OpenSSL's own memory never holds more than one.
          Fence.takeWaiting(session, into: &output)
        }
        for piece in parcel {
          var rest = piece[...]
          while !rest.isEmpty {
            let taken = min(rest.count, room.count - gathered)
            rest.withUnsafeBytes {
              UnsafeMutableRawBufferPointer(rebasing: room[gathered...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[..<taken]))
            }
            rest = rest.dropFirst(taken)
            gathered += taken
            guard gathered == room.count else { continue }
            try send(UnsafeRawBufferPointer(room))
            gathered = 0
          }
        }
        if gathered > 0 { try send(UnsafeRawBufferPointer(rebasing: room[..<gathered])) }
      }
    }
    if case .failure = result { hasFailed = true }
    try result.get()
    return output
  }

  /// What has to be sent: the server's part of the handshake, tickets, alerts.
  package mutating func takeOutput() -> [UInt8] {
    var output: [UInt8] = []
    Fence.takeWaiting(session, into: &output)
    return output
  }

  /// Says `close_notify`, once, where hands have been shaken: the peer then knows that nothing was cut off.
  package mutating func finish() {
    guard isEstablished, !hasFinished else { return }
    hasFinished = true
    Fence.finish(session)
  }
}
