internal import Foundation
internal import Hooks
internal import JSON

/// A file of options: one JSON object with the names of the command line, without the dashes before them.
struct SettingsFile {
  let path: String
  /// Each option's values as the command line would have them.
  let values: [SettingName: [String]]

  private static let sizeLimit = 1 << 20

  /// Reads a file.
  ///
  /// - Throws: ``CommandFailure`` that names the file and the option.
  init(reading path: String) throws(CommandFailure) {
    let bytes: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      bytes = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
    } catch {
      throw CommandFailure("\(path) can't be read: \(error.localizedDescription)")
    }
    guard bytes.count <= Self.sizeLimit else {
      throw CommandFailure("\(path) has more than \(Self.sizeLimit) bytes, too many for options")
    }
    try self.init(parsing: Array(bytes), path: path)
  }

  init(parsing bytes: [UInt8], path: String) throws(CommandFailure) {
    self.path = path
    let json: JSONValue
    do throws(JSONFault) { json = try JSONValue(parsing: bytes) } catch {
      throw CommandFailure(
        "\(path) is no JSON: at byte \(error.offset) \(error.expected) is missing, found \(error.found)"
      )
    }
    guard let members = json.members else {
      throw CommandFailure("\(path) must be one JSON object, as in {\"port\": 8080}")
    }
    var values: [SettingName: [String]] = [:]
    for member in members {
      let key = member.name
      guard let name = SettingName(rawValue: key) else {
        let nearest = nearestNames(to: key, in: SettingName.allCases.map(\.rawValue))
        throw CommandFailure(
          "\(path): there is no option \(key.debugDescription); nearest: \(nearest.joined(separator: ", "))"
        )
      }
      values[name] = try Self.texts(of: member.value, name, path)
    }
    self.values = values
  }

  private static func texts(
    of value: JSONValue, _ name: SettingName, _ path: String
  ) throws(CommandFailure) -> [String] {
    switch value {
    case .null: return []
    case .bool, .integer, .number, .float, .string:
      if let text = text(of: value) { return [text] }
    case .array(let elements):
      guard name.separator != nil else { break }
      var texts: [String] = []
      for element in elements {
        guard let text = text(of: element) else {
          throw CommandFailure("\(path): each of \(name.rawValue) must be a text")
        }
        texts.append(text)
      }
      return texts
    case .object: break
    }
    let wanted = name.separator == nil ? "one value" : "a value or a list of them"
    throw CommandFailure("\(path): \(name.rawValue) must be \(wanted)")
  }

  private static func text(of value: JSONValue) -> String? {
    switch value {
    case .bool(let flag): String(flag)
    case .integer(let number): String(number)
    case .number(let number): number.isFinite ? "\(number)" : nil
    case .string(let text): text.isEmpty ? nil : text
    default: nil
    }
  }
}
