internal import Loops
internal import Synchronization

/// The memory of all captures between their pass and their last reader, of all runs together.
///
/// A pass whose captures have no room waits until others are gone; nothing is ever dropped.
final class CaptureMemory: Sendable {
  private struct State: Sendable {
    var bytes: ClientBytes
    /// Whether somebody was turned away since there was room last.
    var isAwaited = false
    var whenRoom: @Sendable () -> Void = {}
  }

  let limit: Int
  /// Bytes that the captures of one pass may take.
  let limitOfOne: Int
  private let state: Mutex<State>

  /// - Parameter limit: bytes of all captures.
  init(limit: Int) {
    let bytes = ClientBytes(limit: limit)
    self.limit = limit
    limitOfOne = bytes.limitOfOne
    state = Mutex(State(bytes: bytes))
  }

  /// Bytes of all captures now.
  var byteCount: Int { state.withLock(\.bytes.total) }

  /// Says whom to tell, on any thread, that there is room again after somebody was turned away.
  func tellOfRoom(_ whenRoom: @escaping @Sendable () -> Void) {
    state.withLock { $0.whenRoom = whenRoom }
  }

  /// Refuses a pass whose captures never could have room.
  ///
  /// - Throws: `EngineError.captureMemory`.
  func check(_ bytes: Int) throws(EngineError) {
    guard bytes <= limitOfOne else { throw .captureMemory(bytes: bytes, limit: limitOfOne) }
  }

  /// Takes memory for a client; nil where there is none now.
  func reserve(_ bytes: Int, for client: ClientKey) -> CaptureCharge? {
    let hasRoom = state.withLock { state in
      let hasRoom = state.bytes.take(bytes, for: client)
      if !hasRoom { state.isAwaited = true }
      return hasRoom
    }
    return hasRoom ? CaptureCharge(self, bytes, client) : nil
  }

  fileprivate func giveBack(_ bytes: Int, of client: ClientKey) {
    let tell = state.withLock { state -> (@Sendable () -> Void)? in
      state.bytes.giveBack(bytes, of: client)
      guard state.isAwaited else { return nil }
      state.isAwaited = false
      return state.whenRoom
    }
    tell?()
  }
}

/// Memory taken for the captures of one pass; given back when nobody holds this any more.
final class CaptureCharge: Sendable {
  private let memory: CaptureMemory
  private let bytes: Int
  private let client: ClientKey

  fileprivate init(_ memory: CaptureMemory, _ bytes: Int, _ client: ClientKey) {
    self.memory = memory
    self.bytes = bytes
    self.client = client
  }

  deinit { memory.giveBack(bytes, of: client) }
}
