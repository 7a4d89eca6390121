internal import Checkpoints
internal import Digests
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Digests of files that were read before, by path, size, time of change, inode and device.
///
/// In memory, and in a folder where the engine was given one: a file for each state of a file, so nothing is ever
/// rewritten. What is lost or can't be written is computed again.
final class DigestStore: Sendable {
  private let folder: String?
  private let known = Mutex<[FileStamp: String]>([:])
  /// One file is read at a time: they lie on one disk, and generations want the processors.
  private let queue = DispatchQueue(label: "neuroscope.digests", qos: .utility)

  init(folder: String?) { self.folder = folder }

  /// Begins to compute a model's identity.
  func digest(of files: [FileStamp]) -> ModelDigest {
    let digest = ModelDigest()
    queue.async { [self] in
      digest.end(
        Result { () throws(CheckpointError) in
          var parts: [(name: String, digest: String)] = []
          for file in files { parts.append((file.name, try self.digest(of: file))) }
          return ModelIdentity.of(parts)
        })
    }
    return digest
  }

  private func digest(of file: FileStamp) throws(CheckpointError) -> String {
    if let digest = known.withLock({ $0[file] }) ?? stored(file) {
      known.withLock { $0[file] = digest }
      return digest
    }
    let digest = try file.digest()
    known.withLock { $0[file] = digest }
    store(digest, of: file)
    return digest
  }

  // MARK: The folder

  /// Where a file's digest is kept: a name that only this state of it has.
  private func place(of file: FileStamp) -> URL? {
    guard let folder else { return nil }
    var name = SHA256()
    name.update(
      "\(file.path)\n\(file.size) \(file.seconds).\(file.nanoseconds) \(file.inode) \(file.device)")
    return URL(fileURLWithPath: folder).appendingPathComponent(name.hex())
  }

  private func stored(_ file: FileStamp) -> String? {
    guard file.path.hasPrefix("/"), let place = place(of: file),
      let data = try? Data(contentsOf: place), data.count == 64,
      data.allSatisfy({
        ("0"..."9").contains(UnicodeScalar($0)) || ("a"..."f").contains(UnicodeScalar($0))
      })
    else { return nil }
    return String(decoding: data, as: UTF8.self)
  }

  private func store(_ digest: String, of file: FileStamp) {
    // A relative path means another file elsewhere.
    guard let folder, file.path.hasPrefix("/"), let place = place(of: file) else { return }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(digest.utf8).write(to: place, options: .atomic)
    } catch {
      // A folder that can't be written costs the next start the reading, and nothing else.
    }
  }
}
