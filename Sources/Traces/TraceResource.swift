/// What sends the spans, as all of them say.
package struct TraceResource: Sendable {
  /// The service's name.
  package let name: String
  package let version: String
  /// This one of the service's processes.
  package let instance: String

  /// Describes a process.
  package init(name: String, version: String, instance: String) {
    self.name = name
    self.version = version
    self.instance = instance
  }
}
