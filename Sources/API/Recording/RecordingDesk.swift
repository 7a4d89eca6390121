internal import Engine
internal import Foundation
internal import Frames
internal import Recordings
internal import Runs

/// The recordings of a server: a folder that it writes to, or one file that it only plays.
package struct RecordingDesk: Sendable {
  private enum Place: Sendable {
    case folder(RecordingFolder)
    case file(id: String, path: String)
  }

  private let place: Place
  /// Bytes one recording may have.
  private let quota: Int

  /// A folder, made when the first run is recorded.
  package init(path: String, quota: Int) {
    place = .folder(RecordingFolder(path: path))
    self.quota = quota
  }

  /// One file, whose name without its ending is the recording's id.
  package init(file path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let isUsual = name.hasSuffix(RecordingFolder.ending)
    place = .file(
      id: isUsual ? String(name.dropLast(RecordingFolder.ending.count)) : name, path: path)
    quota = 0
  }

  private func folder() throws(Refusal) -> RecordingFolder {
    guard case .folder(let folder) = place else { throw .recordingReadOnly }
    return folder
  }

  /// Begins the recording of a run.
  func recorder(
    of order: RunOrder, run: String, modelHash: String, request: [UInt8], clock: Int,
    epoch: String
  ) throws(Refusal) -> FileRecorder {
    let folder = try folder()
    let id = "rec_" + Service.token()
    do throws(RecordingError) { try folder.make() } catch { throw .recording(error) }
    guard let path = folder.file(of: id) else { throw .recordingNotFound(id) }
    let info = order.model.info
    let metadata = RecordingMetadata(
      runID: run, model: info.id, modelHash: modelHash, tokenizerHash: info.tokenizerHash,
      seed: order.sampling.options.seed, more: [RecordingMetadata.wholeHash])
    do throws(RecordingError) {
      return try FileRecorder(
        id: id, path: path, metadata: metadata, request: request,
        milliseconds: UInt64(clock) * 1000, quota: quota, epoch: epoch)
    } catch { throw .recording(error) }
  }

  /// What each recording says of itself.
  func summaries() throws(Refusal) -> [RecordingSummary] {
    switch place {
    case .file(let id, _): return [RecordingSummary(recordingID: id, try reader(id))]
    case .folder(let folder):
      guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
      do throws(RecordingError) { return try folder.summaries() } catch { throw .recording(error) }
    }
  }

  /// The file of a recording that is there, and whether its path may be a link: one given at the start may.
  private func place(_ id: String) throws(Refusal) -> (path: String, followsLinks: Bool) {
    switch place {
    case .file(let only, let path):
      if id == only { return (path, true) }
    case .folder(let folder):
      if folder.holds(id), let path = folder.file(of: id) { return (path, false) }
    }
    throw .recordingNotFound(String(id.prefix(128)))
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
    let folder = try folder()
    _ = try place(id)
    do throws(RecordingError) { try folder.remove(id) } catch { throw .recording(error) }
  }
}
