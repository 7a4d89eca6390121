internal import CSystem
internal import Glibc

/// The only file of this room that makes system calls: an owned descriptor read and written at places.
///
/// Reading is by `pread`, never by mapping: a mapped file that somebody cuts short kills its reader.
final class RecordingFile: Sendable {
  let path: String
  private let descriptor: Int32

  /// How a file is opened.
  enum Mode {
    /// A file that is there; a symbolic link is followed only where the caller chose the path itself.
    case read(followsLinks: Bool)
    /// A new file; one that exists is not touched.
    case create
    /// A file that is made where it is missing, and written on where it is there; no link is followed.
    case extend

    var flags: Int32 {
      switch self {
      // Without O_NONBLOCK a named pipe would hold us until someone writes to it.
      case .read(let followsLinks):
        O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
      case .create: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
      case .extend: O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
      }
    }
  }

  /// Opens a regular file, and nothing else of that name.
  ///
  /// - Throws: `notARecording` for a link, a folder, a pipe, a device; `file` if the system refuses.
  init(path: String, _ mode: Mode) throws(RecordingError) {
    self.path = path
    Self.outliveSizeLimits
    descriptor = open(path, mode.flags, 0o644)
    guard descriptor >= 0 else {
      // A link that is not followed, and a socket or a device that nobody serves.
      if errno == ELOOP || errno == ENXIO { throw .notARecording }
      throw .file(operation: "open", errno: errno, path: path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notARecording }
  }

  /// A file that reaches the process's limit (`ulimit -f`) is a full disk, not the end of the process.
  private static let outliveSizeLimits: Void = { _ = signal(SIGXFSZ, SIG_IGN) }()

  deinit { close(descriptor) }

  func failure(_ operation: String) -> RecordingError {
    let number = errno
    return [ENOSPC, EDQUOT, EFBIG].contains(number)
      ? .diskFull(path: path) : .file(operation: operation, errno: number, path: path)
  }

  /// Bytes of the file.
  func size() throws(RecordingError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
    return Int(status.st_size)
  }

  /// The bytes at a place, fewer only where the file ends.
  func read(at offset: Int, count: Int) throws(RecordingError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw failure("pread") }
      if got == 0 { break }
      done += got
    }
    if done < count { bytes.removeLast(count - done) }
    return bytes
  }
}

extension RecordingFile: RecordingSink {
  func write(_ bytes: [UInt8], at offset: Int) throws(RecordingError) {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes {
        pwrite(
          descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      }
      if put < 0 && errno == EINTR { continue }
      guard put >= 0 else { throw failure("pwrite") }
      done += put
    }
  }

  func reserve(upTo size: Int) throws(RecordingError) {
    switch -file_reserve(descriptor, Int64(size)) {
    case ENOSPC, EDQUOT, EFBIG: throw .diskFull(path: path)
    // Done, or a file system that knows no such thing.
    default: break
    }
  }

  func truncate(to size: Int) throws(RecordingError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure("ftruncate") }
  }

  func synchronise() throws(RecordingError) {
    guard fdatasync(descriptor) == 0 else { throw failure("fdatasync") }
  }
}

/// The names in a folder, in no order.
func namesInFolder(_ path: String) throws(RecordingError) -> [String] {
  guard let folder = opendir(path) else {
    throw .file(operation: "opendir", errno: errno, path: path)
  }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    names.append(name)
  }
  return names
}

/// Makes a folder and those above it, where they are missing.
func makeFolder(_ path: String) throws(RecordingError) {
  var place = path.hasPrefix("/") ? "/" : ""
  for name in path.split(separator: "/") {
    place += name + "/"
    var status = stat()
    if stat(place, &status) == 0 { continue }
    // Made by somebody else meanwhile is as good.
    guard mkdir(place, 0o755) == 0 || errno == EEXIST else {
      throw .file(operation: "mkdir", errno: errno, path: path)
    }
  }
  var status = stat()
  guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
    throw .file(operation: "mkdir", errno: ENOTDIR, path: path)
  }
}

/// Makes a folder within one that is there, unless a folder is there already and no link to one.
func makeOwnFolder(_ path: String) throws(RecordingError) {
  guard mkdir(path, 0o755) != 0 else { return }
  let number = errno
  guard number == EEXIST, isFolder(path) else {
    throw .file(operation: "mkdir", errno: number, path: path)
  }
}

/// Whether a folder is at a path, itself and not behind a link.
func isFolder(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Gives a file another name in its folder, in place of what had it.
func renameFile(_ path: String, to other: String) throws(RecordingError) {
  guard rename(path, other) == 0 else { throw .file(operation: "rename", errno: errno, path: path) }
}

/// Removes a folder that is empty; one that is not stays.
func removeFolder(_ path: String) throws(RecordingError) {
  guard rmdir(path) == 0 || errno == ENOTEMPTY || errno == EEXIST else {
    throw .file(operation: "rmdir", errno: errno, path: path)
  }
}

/// A regular file's size, and when it was last written to in nanoseconds since 1970; nil where there is none.
func fileStatus(_ path: String) -> (bytes: Int, modified: Int)? {
  var status = stat()
  guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
  let seconds = min(max(status.st_mtim.tv_sec, 0), 1 << 32)
  return (Int(status.st_size), seconds * 1_000_000_000 + status.st_mtim.tv_nsec)
}

/// Whether a regular file is at a path, itself and not behind a link.
func isRegularFile(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

/// Removes a file.
func removeFile(_ path: String) throws(RecordingError) {
  guard unlink(path) == 0 else { throw .file(operation: "unlink", errno: errno, path: path) }
}

/// Makes an empty file, or removes it; one that is as it should be stays.
func setMark(_ path: String, _ isThere: Bool) throws(RecordingError) {
  guard isRegularFile(path) != isThere else { return }
  if isThere { _ = try RecordingFile(path: path, .extend) } else { try removeFile(path) }
}
