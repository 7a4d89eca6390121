internal import ArgumentParser
internal import Foundation

/// The options of one command: from the command line, or else the environment, or else a file, or else their defaults.
///
/// It notes where each came from as it is read, so that `neuroscope config show` tells what a server would really use.
final class Settings {
  /// Where a value came from.
  enum Source: Equatable {
    case commandLine
    case environment
    case file(String)
    case none
  }

  /// One option as it was read.
  struct Note {
    let name: SettingName
    /// The value as text; nil where the option has none.
    let text: String?
    let source: Source
  }

  private let environment: [String: String]
  private let file: SettingsFile?
  private(set) var notes: [Note] = []

  init(
    file: SettingsFile? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.file = file
    self.environment = environment
  }

  /// The value of an option, or nil.
  ///
  /// - Parameter given: what the command line says.
  /// - Throws: ``CommandFailure`` where the environment or the file says something that is no such value.
  func value<Value: ExpressibleByArgument>(
    _ given: Value?, _ name: SettingName
  ) throws(CommandFailure) -> Value? {
    let (value, source) = try found(given, name)
    note(name, value.map { [$0.defaultValueDescription] } ?? [], source)
    return value
  }

  /// The value of an option, or else its default.
  func value<Value: ExpressibleByArgument>(
    _ given: Value?, _ name: SettingName, default standard: Value
  ) throws(CommandFailure) -> Value {
    let (value, source) = try found(given, name)
    note(name, [(value ?? standard).defaultValueDescription], source)
    return value ?? standard
  }

  /// Whether a switch is on; the command line can only turn it on.
  func isOn(_ given: Bool, _ name: SettingName) throws(CommandFailure) -> Bool {
    try value(given ? true : nil, name, default: false)
  }

  /// The values of an option that may be repeated; those of one place alone.
  func list(_ given: [String], _ name: SettingName) -> [String] {
    let (values, source) = given.isEmpty ? elsewhere(name) : (given, .commandLine)
    note(name, values, source)
    return values
  }

  /// What the person who set an option calls it.
  func place(of name: SettingName) -> String {
    switch notes.last(where: { $0.name == name })?.source ?? elsewhere(name).source {
    case .commandLine, .none: name.flag
    case .environment: name.variable
    case .file(let path): "\(name.rawValue) in \(path)"
    }
  }

  private func found<Value: ExpressibleByArgument>(
    _ given: Value?, _ name: SettingName
  ) throws(CommandFailure) -> (Value?, Source) {
    if let given { return (given, .commandLine) }
    let (texts, source) = elsewhere(name)
    guard let text = texts.first else { return (nil, .none) }
    if let value = Value(argument: text) { return (value, source) }
    let known = Value.allValueStrings
    let hint = known.isEmpty ? "" : "; known: " + known.joined(separator: ", ")
    throw CommandFailure("\(place(of: name)) can't be \(text)\(hint)")
  }

  private func elsewhere(_ name: SettingName) -> (texts: [String], source: Source) {
    if let text = environment[name.variable], !text.isEmpty {
      guard let separator = name.separator else { return ([text], .environment) }
      return (text.split(separator: separator).map(String.init), .environment)
    }
    if let file, let texts = file.values[name], !texts.isEmpty { return (texts, .file(file.path)) }
    return ([], .none)
  }

  private func note(_ name: SettingName, _ texts: [String], _ source: Source) {
    notes.removeAll { $0.name == name }
    let text = texts.isEmpty ? nil : texts.joined(separator: ", ")
    notes.append(
      Note(name: name, text: name.isSecret && text != nil ? "(hidden)" : text, source: source))
  }
}
