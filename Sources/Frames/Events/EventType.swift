/// The name of an event: `type` of the envelope, `event:` of a server-sent event.
public struct EventType: RawRepresentable, Hashable, Sendable {
  /// The name itself.
  public let rawValue: String

  /// Takes a name, known here or not.
  public init(rawValue: String) { self.rawValue = rawValue }
}
