import Logging
import Sockets
import TLS
import Wire

extension HTTPConnection {
  /// Goes on with TLS after bytes have arrived: what the peer has said in them goes where it would on a plain connection.
  func unseal() {
    if case .closing = work { return }
    do throws(TLSViolation) {
      let progress = try link.open { hear($0) }
      sendTLS()
      guard progress == .plain else { return }
      services.logger.info(
        "a peer speaks no TLS where TLS is spoken", metadata: ["remote": "\(connection.remote)"])
      link.becomePlain().withUnsafeBytes { talk.receive($0) }
    } catch {
      services.logger.info(
        "closed: TLS failed",
        metadata: ["reason": "\(error.reason)", "remote": "\(connection.remote)"])
      // OpenSSL has said why to the peer, who needs a moment to read it.
      sendTLS()
      guard case .none = work else { return shut(abortively: false) }
      talk.dropRequest()
      beginClosing()
    }
  }

  /// Where what the peer says goes.
  private func hear(_ bytes: UnsafeRawBufferPointer) {
    switch work {
    case .webSocket(let conversation): conversation.machine.receive(bytes)
    case .closing: break
    case .none, .handling, .streaming: talk.receive(bytes)
    }
  }

  /// Sends what TLS has to say for itself.
  private func sendTLS() {
    let output = link.takeOutput()
    guard !output.isEmpty else { return }
    if connection.outbox.isEmpty { clock.wrote() }
    connection.append(output)
    flush()
  }

  /// The peer has said its last byte on the wire.
  ///
  /// Without `close_notify` before it, somebody between may have cut the connection (RFC 8446, section 6.1): whoever waits for an answer is
  /// then taken for gone, and not for one that still listens. Requests and messages tell by themselves whether they are whole.
  func wireEnded() {
    switch work {
    case .handling where link.isTruncated, .streaming where link.isTruncated:
      services.logger.debug("closed: the peer has gone without a word")
      shut(abortively: true)
    default: peerFinished()
    }
  }
}
