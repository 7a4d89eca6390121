internal import Engine
internal import Foundation
internal import Frames
internal import HTTP
internal import JSON
internal import Recordings
internal import Runs

/// The recordings of a server: a folder that it writes to, or one file that it only plays.
package struct RecordingDesk: Sendable {
  private enum Place: Sendable {
    case folder(RecordingFolder)
    case file(id: String, path: String)
  }

  private let place: Place
  /// What recordings may take.
  package struct Bounds: Sendable {
    /// Bytes one of them may have.
    var quota = 0
    /// Bytes that all of them may have; nil where nothing is recorded.
    var allowance: RecordingAllowance?
    /// Finished ones that are kept when another begins; nil keeps all.
    var kept: Int?
  }

  private let bounds: Bounds
  /// On whose behalf recordings are found: those of another's key are not there.
  private let caller = Caller.current

  /// A folder, made when the first run is recorded.
  package init(path: String, bounds: Bounds) {
    place = .folder(RecordingFolder(path: path))
    self.bounds = bounds
  }

  /// A folder in which each recording is bounded, and not all of them together.
  package init(path: String, quota: Int) { self.init(path: path, bounds: Bounds(quota: quota)) }

  /// One file, whose name without its ending is the recording's id.
  package init(file path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let isUsual = name.hasSuffix(RecordingFolder.ending)
    place = .file(
      id: isUsual ? String(name.dropLast(RecordingFolder.ending.count)) : name, path: path)
    bounds = Bounds()
  }

  private func folder() throws(Refusal) -> RecordingFolder {
    guard case .folder(let folder) = place else { throw .recordingReadOnly }
    return folder
  }

  /// Begins the recording of a run, or of a job that draws nothing and has no seed.
  func recorder(
    of info: ModelInfo, seed: UInt64?, run: String, modelHash: String, request: [UInt8],
    clock: Int, epoch: String
  ) throws(Refusal) -> FileRecorder {
    let folder = try folder()
    let id = "rec_" + Service.token()
    do throws(RecordingError) { try folder.make() } catch { throw .recording(error) }
    guard let path = folder.file(of: id) else { throw .recordingNotFound(id) }
    let metadata = RecordingMetadata(
      runID: run, model: info.id, modelHash: modelHash, tokenizerHash: info.tokenizerHash,
      seed: seed,
      more: [
        RecordingMetadata.wholeHash,
        .init("numerics", .string(info.precision.numerics)),
        .init("precision", info.precision.json),
      ] + (caller.name.map { [RecordingMetadata.owner($0)] } ?? []))
    do throws(RecordingError) {
      if let kept = bounds.kept {
        try folder.keep(kept) { bounds.allowance?.isOpen($0) ?? false }
      }
      try bounds.allowance?.recount(folder.files())
      return try FileRecorder(
        id: id, path: path, metadata: metadata, request: request,
        milliseconds: UInt64(clock) * 1000, quota: bounds.quota,
        claim: bounds.allowance?.claim(id), epoch: epoch)
    } catch {
      // What could not be begun leaves nothing behind.
      try? folder.remove(id)
      throw .recording(error)
    }
  }

  /// What each recording that the caller may see says of itself.
  func summaries() throws(Refusal) -> [RecordingSummary] {
    switch place {
    case .file(let id, _): return [try summary(id, try reader(id))]
    case .folder(let folder):
      guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
      do throws(RecordingError) {
        return try folder.summaries().filter { $0.isShared || caller.sees(key: $0.metadata.owner) }
      } catch { throw .recording(error) }
    }
  }

  /// What a recording says of itself.
  func summary(_ id: String, _ reader: RecordingReader) throws(Refusal) -> RecordingSummary {
    var summary = RecordingSummary(recordingID: id, reader)
    if case .folder(let folder) = place { summary.isShared = folder.isShared(id) }
    return summary
  }

  /// The file of a recording that the caller may see, and whether its path may be a link: one given at the start may.
  private func place(_ id: String) throws(Refusal) -> (path: String, followsLinks: Bool) {
    switch place {
    case .file(let only, let path):
      if id == only { return (path, true) }
    case .folder(let folder):
      if folder.holds(id), let path = folder.file(of: id),
        caller.sees(key: Self.owner(of: path)) || folder.isShared(id)
      {
        return (path, false)
      }
    }
    throw .recordingNotFound(String(id.prefix(128)))
  }

  /// The key that a recording belongs to; a name that no key has where it can't be told, so that only administrators see it.
  private static func owner(of path: String) -> String? {
    do throws(RecordingError) { return try RecordingMetadata(path: path).owner } catch { return "" }
  }

  /// The folder of a recording that the caller may change.
  private func folder(changing id: String) throws(Refusal) -> RecordingFolder {
    let folder = try folder()
    let owner = Self.owner(of: try place(id).path)
    guard owner == nil || caller.owns(key: owner) else { throw .ofAnotherKey("Recording \(id)") }
    return folder
  }

  /// Lets every key with the scope see a recording, or its own alone.
  func share(_ id: String, _ isShared: Bool) throws(Refusal) {
    let folder = try folder(changing: id)
    do throws(RecordingError) { try folder.share(id, isShared) } catch { throw .recording(error) }
  }

  func reader(_ id: String) throws(Refusal) -> RecordingReader {
    let (path, followsLinks) = try place(id)
    do throws(RecordingError) {
      return try RecordingReader(path: path, followsLinks: followsLinks)
    } catch { throw .recording(error) }
  }

  /// A recording's bytes as they are.
  func copy(_ id: String) throws(Refusal) -> RecordingCopy {
    let (path, followsLinks) = try place(id)
    do throws(RecordingError) {
      return try RecordingCopy(path: path, followsLinks: followsLinks)
    } catch { throw .recording(error) }
  }

  func remove(_ id: String) throws(Refusal) {
    let folder = try folder(changing: id)
    do throws(RecordingError) {
      try folder.remove(id)
      // Runs that are being recorded may have its room.
      try bounds.allowance?.recount(folder.files())
    } catch { throw .recording(error) }
  }
}
