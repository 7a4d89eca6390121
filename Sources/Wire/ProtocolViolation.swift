package import HTTPTypes

/// A peer broke a rule of the protocol it speaks.
///
/// The only error the machines of this room throw on input. It carries facts, never sentences: which
/// rule, where in the byte stream, and what the standard suggests to answer. After throwing, a machine is
/// finished: it reads nothing more, and the connection is to be answered and closed.
package struct ProtocolViolation: Error, Hashable, Sendable {
  /// The rule that was broken.
  package let rule: Rule

  /// Where, in bytes from the start of the connection (HTTP) or of the WebSocket conversation.
  package let offset: Int

  /// Records a broken rule at a place.
  package init(_ rule: Rule, at offset: Int) {
    self.rule = rule
    self.offset = offset
  }

  /// What an HTTP server answers.
  package var status: HTTPResponse.Status { rule.status }

  /// What a WebSocket endpoint puts into its close frame.
  package var closeCode: WebSocketCloseCode { rule.closeCode }
}
