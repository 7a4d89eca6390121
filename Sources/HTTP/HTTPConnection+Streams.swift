import Sockets
import Loops
import Wire

extension HTTPConnection {
  /// Begins to pull from a stream's source.
  func begin(_ stream: OutgoingStream) {
    let signal = LoopSignal(loop: loop) { [weak self] in
      self?.assumeIsolated { $0.woken() }
    }
    stream.source.begin { signal.raise() }
    pump(stream)
  }

  /// A source has something new.
  func woken() {
    process()
    armTimer()
  }

  /// Pulls while the peer keeps up; stops when enough waits for it, and goes on when it is writable.
  func pump(_ stream: OutgoingStream) {
    do throws(ResponseMisuse) {
      while !isShut, connection.outbox.byteCount < readAhead {
        switch stream.source.pull(atMost: readAhead) {
        case .pieces(let pieces):
          try writeChunk(Self.joined(pieces))
          flush()
        case .later:
          return flush()
        case .end:
          stream.leave()
          try finishResponse()
          flush()
          return process()
        case .cut:
          flush()
          return shut(abortively: true)
        }
      }
    } catch {
      giveUp(error)
    }
  }

  /// Joins small neighbours: a copy of a few hundred bytes is cheaper than a vector of its own.
  ///
  /// Large pieces stay shared.
  private static func joined(_ pieces: [[UInt8]]) -> [[UInt8]] {
    guard pieces.count > 1 else { return pieces }
    var result: [[UInt8]] = []
    var small: [UInt8] = []
    for piece in pieces {
      if piece.count <= 2048 {
        small += piece
        continue
      }
      if !small.isEmpty { result.append(small) }
      small = []
      result.append(piece)
    }
    if !small.isEmpty { result.append(small) }
    return result
  }

  /// Fills a long silence.
  func beat(_ stream: OutgoingStream) {
    guard let heartbeat = stream.heartbeat, connection.outbox.isEmpty else { return }
    do throws(ResponseMisuse) {
      try writeChunk([heartbeat.bytes])
      flush()
    } catch {
      giveUp(error)
    }
  }
}
