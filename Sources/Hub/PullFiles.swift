internal import Checkpoints
internal import Digests
internal import Foundation

/// Files as fetching needs them, with their errors as ``PullError``.
enum PullFiles {
  /// Bytes of a file; -1 where there is none.
  static func size(_ path: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.intValue ?? -1
  }

  static func names(in folder: String) throws(PullError) -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
      throw .file(path: folder, error.localizedDescription)
    }
  }

  static func createFolder(_ path: String) throws(PullError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch { throw .file(path: path, error.localizedDescription) }
  }

  static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  /// Puts a finished file in its place by renaming: whoever has the old one mapped keeps it.
  static func replace(_ path: String, with file: String) throws(PullError) {
    guard Fence.rename(file, to: path) else {
      throw .file(path: path, "can't be replaced by what was fetched")
    }
  }

  /// Refuses to begin what the disk can't hold.
  static func requireRoom(_ needed: Int, in folder: String) throws(PullError) {
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
    guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue, free < needed else {
      return
    }
    throw .noRoom(folder: folder, needed: needed, free: free)
  }

  /// The SHA-256 of a file, as hexadecimal digits.
  static func hash(_ path: String) throws(PullError) -> String {
    do throws(CheckpointError) {
      return try Mapping(path: path).withBytes { bytes in
        var hash = SHA256()
        hash.update(bytes)
        return hash.hex()
      }
    } catch { throw .checkpoint(error) }
  }
}
