import Foundation
import JSON
import TestKit
import Testing

/// The vectors of `Protocol/vectors/frames.json`, which an independent Python script makes.
struct GoldenFrames: Decodable {
  struct Valid: Decodable, CustomTestStringConvertible {
    var name, dtype, codec, bytes: String
    var shape: [Int]
    var kind: UInt8
    var flags, component: UInt16
    var seq: UInt64
    var step, first, stride, hook: UInt32
    var layer: Int32
    var values: [String]

    var testDescription: String { name }

    /// The expected numbers as bit patterns.
    var patterns: [UInt32] { values.compactMap { UInt32($0, radix: 16) } }
  }

  struct Invalid: Decodable, CustomTestStringConvertible {
    var name, error, bytes: String

    var testDescription: String { name }
  }

  var valid: [Valid]
  var invalid: [Invalid]

  static let all: GoldenFrames = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let file = folder.appending(path: "../../Protocol/vectors/frames.json")
    guard let data = try? Data(contentsOf: file),
      let frames = try? JSONDecoder().decode(GoldenFrames.self, from: data)
    else { return GoldenFrames(valid: [], invalid: []) }
    return frames
  }()
}
