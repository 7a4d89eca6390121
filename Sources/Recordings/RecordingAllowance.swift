internal import Synchronization

/// The bytes that all recordings of a folder may have together.
///
/// Files that are being written count with what they will have when they end now; the others with what the folder says.
package final class RecordingAllowance: Sendable {
  private struct State {
    /// Bytes of files that nobody here writes.
    var closed = 0
    /// Bytes of those being written, by their names.
    var open: [String: Int] = [:]

    var all: Int { open.values.reduce(closed, +) }
  }

  package let limit: Int
  private let state = Mutex(State())

  package init(limit: Int) { self.limit = limit }

  /// Bytes in use now.
  package var used: Int { state.withLock(\.all) }

  /// Whether a recording is being written.
  package func isOpen(_ recordingID: String) -> Bool {
    state.withLock { $0.open[recordingID] != nil }
  }

  /// Counts the files of the folder anew: others may have put some there, or taken some away.
  package func recount(_ files: [RecordingFolder.File]) {
    state.withLock { state in
      state.closed = files.reduce(0) { sum, file in
        state.open[file.recordingID] == nil ? sum + file.bytes : sum
      }
    }
  }

  /// Begins to count a recording.
  package func claim(_ recordingID: String) -> RecordingClaim {
    state.withLock { $0.open[recordingID] = 0 }
    return RecordingClaim(recordingID, of: self)
  }

  fileprivate func take(_ bytes: Int, for name: String) -> Bool {
    state.withLock { state in
      guard let own = state.open[name], bytes <= limit - state.all else { return false }
      state.open[name] = own + bytes
      return true
    }
  }

  fileprivate func settle(_ name: String, _ bytes: Int) {
    state.withLock { state in
      guard state.open.removeValue(forKey: name) != nil else { return }
      state.closed += bytes
    }
  }
}

/// What one recording has of an allowance, until it is settled.
package final class RecordingClaim: Sendable {
  private let name: String
  private let allowance: RecordingAllowance

  fileprivate init(_ name: String, of allowance: RecordingAllowance) {
    self.name = name
    self.allowance = allowance
  }

  // A file that was not begun; what was left unfinished is found by the next count of the folder.
  deinit { allowance.settle(name, 0) }

  var limit: Int { allowance.limit }

  /// Takes more; false where there is no more.
  func take(_ bytes: Int) -> Bool { allowance.take(bytes, for: name) }

  /// The file has its last size.
  func settle(_ bytes: Int) { allowance.settle(name, bytes) }
}
