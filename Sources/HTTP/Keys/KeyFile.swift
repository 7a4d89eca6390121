internal import Foundation
internal import JSON

/// Keys in a file: `{"keys":[{"name":…,"secret_sha256":…,"scopes":[…],"expires":…,"limits":…},…]}`, secrets as hashes alone.
package struct KeyFile: Sendable {
  /// The file.
  package let path: String
  /// Its keys, in its order; no name twice.
  package private(set) var keys: [AccessKey]

  /// An empty list, which `write` puts there.
  package init(newAt path: String) {
    self.path = path
    keys = []
  }

  /// Reads a file.
  package init(reading path: String) throws(KeyFileError) {
    let bytes: [UInt8]
    do { bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
      throw .unreadable(path: path, reason: error.localizedDescription)
    }
    let value: JSONValue
    do { value = try JSONValue(parsing: bytes) } catch {
      throw .malformed(path: path, field: "keys", expected: "JSON")
    }
    guard let listed = value["keys"]?.array else {
      throw .malformed(path: path, field: "keys", expected: "a list")
    }
    self.init(newAt: path)
    for (number, one) in listed.enumerated() {
      try add(AccessKey(one, field: "keys[\(number)]", path: path))
    }
  }

  /// Adds a key.
  package mutating func add(_ key: AccessKey) throws(KeyFileError) {
    guard !keys.contains(where: { $0.name == key.name }) else { throw .repeated(name: key.name) }
    keys.append(key)
  }

  /// Takes a key away.
  package mutating func revoke(_ name: String) throws(KeyFileError) {
    guard let place = keys.firstIndex(where: { $0.name == name }) else {
      throw .absent(name: name)
    }
    keys.remove(at: place)
  }

  /// Writes the file whole or not at all, for its owner's eyes only.
  package func write() throws(KeyFileError) {
    var text = "{\"keys\": [\n"
    text += keys.map { key in
      var writer = JSONWriter()
      writer.value(key.json)
      return "  " + String(decoding: writer.bytes, as: UTF8.self)
    }.joined(separator: ",\n")
    text += "\n]}\n"
    let beside = path + ".\(UInt32.random(in: 0 ... .max)).new"
    let files = FileManager.default
    guard
      files.createFile(
        atPath: beside, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw .unreadable(path: path, reason: "nothing can be written beside it") }
    guard Fence.rename(beside, to: path) else {
      try? files.removeItem(atPath: beside)
      throw .unreadable(path: path, reason: "what was written beside it can't take its place")
    }
  }
}
