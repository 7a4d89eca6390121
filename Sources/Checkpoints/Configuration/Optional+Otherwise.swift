extension Optional {
  /// `??` whose right side throws what this room throws; the standard one forgets the type.
  func otherwise(
    _ other: @autoclosure () throws(CheckpointError) -> Wrapped
  ) throws(CheckpointError) -> Wrapped {
    if let self { self } else { try other() }
  }

  /// As above, where the right side may be nil as well.
  func otherwise(
    _ other: @autoclosure () throws(CheckpointError) -> Wrapped?
  ) throws(CheckpointError) -> Wrapped? {
    if let self { self } else { try other() }
  }
}
