/// The name of an event across reconnections: `<epoch>-<sequence>`, the `id:` of a stream.
///
/// The epoch changes when the server restarts, so that a number from an earlier life is never taken
/// for one of this life.
package struct EventID: Sendable, Hashable, CustomStringConvertible {
  /// Which life of the server.
  package let epoch: String
  /// The event's number in its run.
  package let sequence: UInt64

  /// Joins the two parts.
  package init(epoch: String, sequence: UInt64) {
    self.epoch = epoch
    self.sequence = sequence
  }

  /// Reads a `Last-Event-ID`; nil if it is not of our making.
  package init?(_ text: some StringProtocol) {
    guard let dash = text.lastIndex(of: "-"),
      let sequence = UInt64(text[text.index(after: dash)...])
    else { return nil }
    self.init(epoch: String(text[..<dash]), sequence: sequence)
  }

  package var description: String { "\(epoch)-\(sequence)" }
}
