internal import Foundation
internal import HTTPTypes
internal import Recordings

extension RecordingError {
  /// Status, machine-readable name and sentence.
  var sentence: (HTTPResponse.Status, String, String) {
    switch self {
    case .file(_, ENOTDIR, let path):
      (
        .internalServerError, "recordings_folder",
        "\(path) is not a folder, so recordings can't be kept there; move away the file in its place, or start with another --recordings-dir"
      )
    case .file(let operation, let code, let path):
      (.internalServerError, "recording_file", "\(operation) of \(path) failed (error \(code))")
    case .diskFull(let path):
      (
        HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "disk_full",
        "There is no room for \(path); what was recorded so far stays readable"
      )
    case .quota(let bytes):
      (
        HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "recording_quota",
        "The recording reached the \(bytes) bytes it may have; what was recorded stays readable"
      )
    case .closed: (.conflict, "recording_closed", "The recording has ended")
    case .notARecording:
      (.unprocessableContent, "not_a_recording", "The file is not a recording")
    case .version(let version):
      (
        .unprocessableContent, "recording_version",
        "The recording has version \(version), which this server does not read"
      )
    case .damaged(let offset, let reason):
      (
        .unprocessableContent, "recording_damaged",
        "The recording is damaged at byte \(offset): \(reason.rawValue)"
      )
    case .noRecord(let index): (.notFound, "no_record", "The recording has no record \(index)")
    case .frame(let error):
      (.unprocessableContent, "recording_damaged", "A frame of the recording is none: \(error)")
    case .exportTooLarge(let bytes):
      (
        .unprocessableContent, "export_too_large",
        "The recording's tensors take \(bytes) bytes, more than this format holds"
      )
    }
  }
}
