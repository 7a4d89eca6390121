internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// Fetches one file of a repository, going on where an earlier try stopped.
///
/// What has come so far lies beside the file, named after the content's identity on the server: another
/// revision's part is never continued.
struct HubDownload {
  let file: HubFile
  let url: String
  let folder: String
  let client: HubClient
  let progress: any PullObserver

  private var path: String { "\(folder)/\(file.name)" }
  private var part: String { "\(folder)/.\(file.name).\(file.identity.prefix(16)).part" }

  func run() async throws {
    if PullFiles.size(part) > file.size { PullFiles.remove(part) }
    progress.begin(file.name, total: file.size, done: max(PullFiles.size(part), 0))
    try await client.repeatedly(url, reached: { PullFiles.size(part) }) {
      let have = max(PullFiles.size(part), 0)
      if have < file.size || have == 0 { try await receive(from: have) }
      return PullFiles.size(part) == file.size
    }
    try check()
    try PullFiles.replace(path, with: part)
    progress.finish()
  }

  private func receive(from have: Int) async throws {
    let sink = try PartFile(part)
    defer { sink.close() }
    let (file, url, client, progress) = (file, url, client, progress)
    try await Transfer(
      accept: { response in
        switch response.statusCode {
        case 206 where have > 0:
          try Self.requireRange(response, from: have, of: file.size, url: url)
          try sink.seek(to: have)
        // A server that knows no ranges sends all of it again.
        case 200: try sink.seek(to: 0)
        // Nothing behind what is there: it can't be the same file.
        case 416:
          try sink.seek(to: 0)
          throw Transfer.Trouble(reason: "the server refuses the range")
        default: throw client.refusal(url, response)
        }
      },
      take: { data in
        guard sink.count + data.count <= file.size else {
          throw PullError.wrongSize(
            file: file.name, expected: file.size, found: sink.count + data.count)
        }
        try sink.write(data)
        progress.update(sink.count)
      }
    ).run(try client.request(url, from: have))
  }

  /// Refuses a part of another place or of a file of another length (`Content-Range`, RFC 9110).
  private static func requireRange(
    _ response: HTTPURLResponse, from start: Int, of total: Int, url: String
  ) throws {
    let range = response.value(forHTTPHeaderField: "Content-Range") ?? "none"
    guard range.hasPrefix("bytes \(start)-"), range.hasSuffix("/\(total)") || range.hasSuffix("/*")
    else {
      throw PullError.badAnswer(
        url: url, "bytes from \(start) of \(total) were asked for, \(range) came")
    }
  }

  private func check() throws {
    guard let expected = file.sha256 else { return }
    let found = try PullFiles.hash(part)
    guard found == expected else {
      PullFiles.remove(part)
      throw PullError.wrongHash(file: file.name, expected: expected, found: found)
    }
  }
}

/// The file that a download grows in.
private final class PartFile: Sendable {
  private let handle: FileHandle
  private let path: String
  /// Where the next piece goes.
  private let end = Mutex(0)

  init(_ path: String) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw PullError.file(path: path, "can't be written")
    }
    self.handle = handle
  }

  var count: Int { end.withLock(\.self) }

  /// Goes on at a place and forgets what is behind it.
  func seek(to offset: Int) throws {
    try change { end in
      try handle.truncate(atOffset: UInt64(offset))
      try handle.seek(toOffset: UInt64(offset))
      end = offset
    }
  }

  func write(_ data: Data) throws {
    try change { end in
      try handle.write(contentsOf: data)
      end += data.count
    }
  }

  func close() { try? handle.close() }

  private func change(_ body: (inout Int) throws -> Void) throws {
    do { try end.withLock { try body(&$0) } } catch {
      throw PullError.file(path: path, error.localizedDescription)
    }
  }
}
