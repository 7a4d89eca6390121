internal import HTTPTypes
internal import JSON
internal import Loops

extension WorkRefusal {
  /// Status, machine-readable name and sentence.
  var sentence: (HTTPResponse.Status, String, String) {
    switch self {
    case .busy(let waiting, let limit):
      (
        .serviceUnavailable, "overloaded",
        "\(waiting) requests wait to be read, as many as this server allows (\(limit)); try again later"
      )
    case .cancelled: (.conflict, "cancelled", "The computation was cancelled")
    }
  }

  /// The facts as a JSON object, for programs.
  var details: [UInt8]? {
    guard case .busy(let waiting, let limit) = self else { return nil }
    return JSONWriter.object {
      $0.member("waiting", waiting)
      $0.member("limit", limit)
    }
  }
}
