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
    case .file(_, let code, let path) where [EROFS, EACCES, EPERM].contains(code):
      (
        .internalServerError, "recordings_not_writable",
        "Recordings can't be kept: \(path) may not be written or read here (\(Self.reason(code))); "
          + "give this server's user a folder of its own with --recordings-dir"
      )
    case .file(let operation, let code, let path) where [EMFILE, ENFILE].contains(code):
      (
        .serviceUnavailable, "too_many_files",
        "\(operation) of \(path): \(Self.reason(code)); end some recorded runs, or raise the limit (ulimit -n)"
      )
    case .file(let operation, let code, let path):
      (
        .internalServerError, "recording_file",
        "\(operation) of \(path) failed: \(Self.reason(code)) (error \(code))"
      )
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
    case .folderFull(let bytes):
      (
        HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "recordings_full",
        "All recordings together have the \(bytes) bytes they may have (--recordings-limit); "
          + "DELETE some of /v1/recordings, and what was recorded so far stays readable"
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

  /// What the system calls an error.
  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
