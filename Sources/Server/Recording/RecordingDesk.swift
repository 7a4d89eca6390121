internal import Engine
internal import Foundation
internal import Frames
package import Recordings

/// The folder of recordings, and what the server does with it.
package struct RecordingDesk: Sendable {
  package let folder: RecordingFolder
  /// Bytes one recording may have.
  package let quota: Int

  package init(path: String, quota: Int) {
    folder = RecordingFolder(path: path)
    self.quota = quota
  }

  /// Begins the recording of a run.
  func recorder(
    of order: RunOrder, run: String, request: [UInt8], clock: Int,
    epoch: String
  ) throws(Refusal) -> FileRecorder {
    let id = "rec_" + Service.token()
    do {
      try FileManager.default.createDirectory(
        atPath: folder.path, withIntermediateDirectories: true)
    } catch { throw .fileMissing(folder.path) }
    guard let path = folder.file(of: id) else { throw .recordingNotFound(id) }
    let info = order.model.info
    let metadata = RecordingMetadata(
      runID: run, model: info.id, modelHash: info.modelHash, tokenizerHash: info.tokenizerHash,
      seed: order.sampling.options.seed)
    do throws(RecordingError) {
      return try FileRecorder(
        id: id, path: path, metadata: metadata, request: request,
        milliseconds: UInt64(clock) * 1000, quota: quota, epoch: epoch)
    } catch { throw .recording(error) }
  }

  /// What each recording says of itself.
  func summaries() throws(Refusal) -> [RecordingSummary] {
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    do throws(RecordingError) { return try folder.summaries() } catch { throw .recording(error) }
  }

  /// The file of a recording that is there.
  func path(_ id: String) throws(Refusal) -> String {
    guard let path = folder.file(of: id), FileManager.default.fileExists(atPath: path) else {
      throw .recordingNotFound(String(id.prefix(128)))
    }
    return path
  }

  func reader(_ id: String) throws(Refusal) -> RecordingReader {
    let path = try path(id)
    do throws(RecordingError) { return try RecordingReader(path: path) } catch {
      throw .recording(error)
    }
  }

  func remove(_ id: String) throws(Refusal) {
    _ = try path(id)
    do throws(RecordingError) { try folder.remove(id) } catch { throw .recording(error) }
  }
}
