/// What a kit could not get.
package struct Missing: Error {}

/// A value that must be there for a test to go on; kits are not tests, so `#require` is not theirs.
package func require<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw Missing() }
  return value
}
