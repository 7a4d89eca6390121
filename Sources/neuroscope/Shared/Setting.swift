internal import ArgumentParser
internal import Foundation

/// Reads an option that may come from the command line or, failing that, from the environment.
enum Setting {
  /// What was given, or else the variable `NEUROSCOPE_<name>`, or nil.
  ///
  /// - Throws: ``CommandFailure`` where the variable is set to something that is no such value.
  static func value<Value: ExpressibleByArgument>(
    _ given: Value?, _ name: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Value? {
    if let given { return given }
    let variable = "NEUROSCOPE_" + name
    guard let text = environment[variable], !text.isEmpty else { return nil }
    if let value = Value(argument: text) { return value }
    let known = Value.allValueStrings
    let hint = known.isEmpty ? "" : "; known: " + known.joined(separator: ", ")
    throw CommandFailure("\(variable) can't be \(text)\(hint)")
  }

  /// What was given, or else the parts of the variable `NEUROSCOPE_<name>`.
  static func list(
    _ given: [String], _ name: String, separator: Character,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [String] {
    guard given.isEmpty else { return given }
    let variable = environment["NEUROSCOPE_" + name] ?? ""
    return variable.split(separator: separator).map(String.init)
  }
}
