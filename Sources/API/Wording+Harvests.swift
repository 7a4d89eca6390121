internal import Foundation
internal import HTTPTypes
internal import JSON
internal import Recordings

extension HarvestFileError {
  /// Status, machine-readable name and sentence.
  var sentence: (HTTPResponse.Status, String, String) {
    switch self {
    case .file(let operation, let number, let path):
      (
        .internalServerError, "harvest_file",
        "\(operation) of \(path) failed: \(String(cString: strerror(number))) (error \(number)); "
          + "give this server's user a folder of its own with --harvests-dir"
      )
    case .diskFull(let path):
      (
        HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "disk_full",
        "There is no room for \(path); the same request goes on where it stopped once there is some"
      )
    case .full(let needed, let used, let limit):
      (
        HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "harvests_full",
        "The harvest takes \(needed) bytes, and others have \(used) of the \(limit) that all may have "
          + "(--harvests-limit); DELETE some of /v1/harvests, or ask for fewer texts or hooks"
      )
    case .differs(let name, let member):
      (
        .conflict, "harvest_differs",
        "name \(name) is that of a harvest with other \(member); take another name, or DELETE it"
      )
    case .ofAnotherKey(let name):
      (
        .conflict, "of_another_key",
        "name \(name) is that of another key's harvest; take another name"
      )
    case .running(let name):
      (
        .conflict, "harvest_running",
        "Harvest \(name) is being written; GET /v1/harvests/\(name) tells how far it is, DELETE ends it"
      )
    case .name(let name):
      (
        .badRequest, "out_of_range",
        "name must be 1 to 128 letters, digits and -_. and begin with no dot, found \"\(name)\""
      )
    case .notFound(let name):
      (.notFound, "harvest_not_found", "Harvest \(name) not found")
    case .notAHarvest(let path):
      (
        .conflict, "not_a_harvest",
        "What stands at \(path) was not written by a harvest; take another name"
      )
    case .unplanned(let tensor):
      (
        .internalServerError, "harvest_unplanned",
        "Tensor \(tensor) came in another size than was computed before"
      )
    }
  }

  /// The facts as a JSON object, for programs.
  var details: [UInt8]? {
    switch self {
    case .name(let name):
      JSONWriter.object { writer in
        writer.member("field", "name")
        writer.member("found", name)
      }
    case .differs(_, let member):
      JSONWriter.object { writer in
        writer.member("field", "name")
        writer.member("member", member)
      }
    case .full(let needed, let used, let limit):
      JSONWriter.object { writer in
        writer.member("needed_bytes", needed)
        writer.member("used_bytes", used)
        writer.member("limit_bytes", limit)
      }
    case .file, .diskFull, .ofAnotherKey, .running, .notFound, .notAHarvest, .unplanned: nil
    }
  }
}
