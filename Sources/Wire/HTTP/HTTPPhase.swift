/// Where a connection stands, so that its owner can choose the deadline that applies.
package enum HTTPPhase: Hashable, Sendable {
  /// Between requests, no byte of the next one seen: the keep-alive deadline.
  case idle
  /// Inside a header section: one deadline for the whole section.
  case head
  /// Inside a body: one deadline for the whole, and a minimum rate.
  case body
  /// The request is complete; an answer is being made or written.
  case answering
  /// After `101 Switching Protocols`: bytes belong to the next protocol.
  case upgraded
  /// Nothing more will be read.
  case finished
}
