internal import Hooks
internal import JSON
internal import OrderedCollections
internal import Wire

/// The rows of a patch as its `source` carries them: `rows`, base64 of little-endian f32, from `first_position` on.
///
/// Recordings keep them beside the run and hook that they came from, so that no other run is needed to make a run again.
struct PatchRows: Sendable {
  let values: [Float]
  /// Numbers of one position.
  let width: Int
  let firstPosition: Int

  /// Reads them; nil where the source names a run instead.
  init?(_ source: Fields, at point: HookPoint, _ catalogue: HookCatalogue) throws(Refusal) {
    guard let text = try source.string("rows") else { return nil }
    width = catalogue.width(of: point.site)
    firstPosition = try source.integer("first_position", in: 0...Int(Int32.max)) ?? 0
    guard let bytes = Base64.decode(text.utf8), !bytes.isEmpty, width > 0,
      bytes.count.isMultiple(of: 4 * width)
    else {
      throw .wrongType(
        field: source.name("rows"), expected: "base64 of rows of \(width) f32 numbers",
        found: "\(text.utf8.count) characters")
    }
    values = stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }

  /// An intervention's body with the rows that it patches in, where it does.
  static func completing(_ body: JSONValue, of intervention: Intervention) -> JSONValue {
    guard let rows = (intervention.change as? Patch)?.rows, case .object(var members) = body,
      case .object(var source)? = members["source"]
    else { return body }
    let bytes = rows.values.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) }
    }
    source["rows"] = .string(String(decoding: Base64.encode(bytes), as: UTF8.self))
    source["first_position"] = .integer(Int64(rows.firstPosition))
    members["source"] = .object(source)
    return .object(members)
  }

  /// The same of a list under `interventions`, where a body has one.
  static func completing(_ body: JSONValue, of interventions: [Intervention]) -> JSONValue {
    guard case .object(var members) = body, let list = members["interventions"]?.array,
      list.count == interventions.count
    else { return body }
    members["interventions"] = .array(zip(list, interventions).map { completing($0, of: $1) })
    return .object(members)
  }
}
