public import JSON

/// One thing that happened in a run: the envelope and what its type adds.
///
/// The members of each type are listed in `Protocol/events.md`. They stay an ordered list of JSON values, so
/// that a reader of an older version keeps members it does not know.
public struct Event: Hashable, Sendable {
  /// What happened.
  public var type: EventType
  /// The run it happened in.
  public var runID: String
  /// Its number in the run, one more than the one before.
  public var sequence: UInt64
  /// The forward pass it belongs to.
  public var step: Int
  /// Milliseconds since the run began.
  public var milliseconds: Double
  /// What the type adds, in the order of writing.
  public var fields: [JSONValue.Member]

  /// Collects the parts.
  public init(
    _ type: EventType, runID: String, sequence: UInt64, step: Int, milliseconds: Double,
    fields: [JSONValue.Member] = []
  ) {
    self.type = type
    self.runID = runID
    self.sequence = sequence
    self.step = step
    self.milliseconds = milliseconds
    self.fields = fields
  }

  /// What the type adds under that name.
  public subscript(name: String) -> JSONValue? {
    fields.last { $0.name == name }?.value
  }
}
