internal import CSystem
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The system calls of this room, each with its errors turned into ``CheckpointError``.
enum Fence {
  /// What lies at a path.
  enum Kind { case nothing, file, directory, other }

  static func kind(of path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  /// Names inside a directory, sorted, at most `limit`.
  static func names(in directory: String, limit: Int = 10_000) throws(CheckpointError) -> [String] {
    guard let handle = opendir(directory) else { throw unreadable(directory, "a directory") }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee))
        {
          String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
      guard names.count <= limit else {
        throw CheckpointError(
          .unsupported, file: directory, .file, expected: "at most \(limit) files",
          found: "more")
      }
    }
    return names.sorted()
  }

  /// A file's bytes in memory, and what tells whether the file is still as it was.
  struct MappedFile: Sendable {
    let address: UInt
    let count: Int
    /// Kept open: it tells of the file that is mapped, whatever its path means by now.
    fileprivate let descriptor: Int32
    /// Which state of which file is mapped.
    let stamp: FileStamp
    /// Its place in the guard's table.
    fileprivate let place: Int32

    var bytes: UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }
  }

  /// Maps a whole regular file for reading, and guards its pages; the caller owns the mapping.
  static func map(_ path: String) throws(CheckpointError) -> MappedFile {
    // Without O_NONBLOCK a named pipe would hold us until someone writes to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(path, "a readable file") }
    do throws(CheckpointError) {
      return try map(descriptor, path)
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func map(
    _ descriptor: Int32, _ path: String
  ) throws(CheckpointError) -> MappedFile {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, "a readable file") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CheckpointError(
        .unsupported, file: path, .file, expected: "a regular file", found: "another kind of entry")
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      throw CheckpointError(
        .damaged, file: path, .file, expected: "a file with content", found: "an empty file",
        offset: 0)
    }
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { throw unreadable(path, "a file that can be mapped") }
    let place = mapping_guard_add(base, count)
    guard place >= 0 else {
      munmap(base, count)
      throw CheckpointError(
        .unsupported, file: path, .file, expected: "at most 4096 mapped files at a time",
        found: "one more")
    }
    return MappedFile(
      address: UInt(bitPattern: base), count: count, descriptor: descriptor,
      stamp: stamp(path, status), place: place)
  }

  private static func stamp(_ path: String, _ status: stat) -> FileStamp {
    #if canImport(Darwin)
    let time = status.st_mtimespec
    #else
    let time = status.st_mtim
    #endif
    return FileStamp(
      path: path, size: Int(status.st_size), seconds: Int(time.tv_sec),
      nanoseconds: Int(time.tv_nsec), inode: UInt64(status.st_ino), device: UInt64(status.st_dev))
  }

  /// Lends a file's bytes block by block, read through a descriptor of its own so that nothing stays mapped.
  ///
  /// - Throws: ``CheckpointError`` where the file isn't the stamp's any more, before or after the reading.
  static func read(
    _ wanted: FileStamp, block: Int = 1 << 20, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(CheckpointError) {
    let path = wanted.path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(path, "a readable file") }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 64)
    defer { buffer.deallocate() }
    var done = 0
    while done < wanted.size {
      let count = pread(descriptor, buffer.baseAddress, min(block, wanted.size - done), off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw unreadable(path, "\(wanted.size) readable bytes") }
      body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
      done += count
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, stamp(path, status) == wanted else {
      throw CheckpointError(
        .mismatch, file: path, .file, expected: "the file as it was when the model was loaded",
        found: "another or changed file")
    }
  }

  /// Whether no page was lost, and nobody has cut the file or written to it since it was mapped.
  static func isIntact(_ file: MappedFile) -> Bool {
    guard !mapping_guard_is_lost(file.place) else { return false }
    var status = stat()
    return fstat(file.descriptor, &status) == 0 && stamp(file.stamp.path, status) == file.stamp
  }

  static func unmap(_ file: MappedFile) {
    mapping_guard_remove(file.place)
    munmap(UnsafeMutableRawPointer(bitPattern: file.address), file.count)
    close(file.descriptor)
  }

  private static func unreadable(_ path: String, _ expected: String) -> CheckpointError {
    let code = errno
    let kind: CheckpointError.Kind = code == ENOENT || code == ENOTDIR ? .missing : .unreadable
    return CheckpointError(
      kind, file: path, .file, expected: expected, found: String(cString: strerror(code)))
  }
}
