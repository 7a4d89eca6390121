import Foundation

/// Lends bytes as a file in memory, for readers that open paths.
enum ScratchFile {
  static func with<Value>(
    _ bytes: [UInt8], named name: String, _ body: (_ path: String) -> Value
  ) -> Value? {
    let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    let folder = URL(filePath: root).appending(path: "fuzz-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let file = folder.appending(path: name)
      try Data(bytes).write(to: file)
      return body(file.path())
    } catch {
      return nil
    }
  }
}
