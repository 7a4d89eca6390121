internal import Foundation
internal import Frames

/// An event of a run's stream, as far as the demonstration reads it.
struct DemoEvent: Codable {
  struct Usage: Codable {
    let promptTokens: Int
    let completionTokens: Int
  }

  let type: String
  let step: Int?
  let timeMs: Double?
  let hookIndex: Int?
  /// The whole tensor frame in base64.
  let frame: String?
  let text: String?
  let finishReason: String?
  let usage: Usage?
  let message: String?

  /// The tensor of an activation.
  ///
  /// - Throws: ``CommandFailure`` where the frame is not whole or not one.
  func tensor() throws -> (shape: [Int], values: [Float]) {
    guard let frame, let bytes = Data(base64Encoded: frame) else {
      throw CommandFailure("an activation came without its frame")
    }
    var decoder = FrameDecoder()
    decoder.receive(Array(bytes))
    do {
      guard let whole = try decoder.next() else {
        throw CommandFailure("a frame came incomplete")
      }
      return (whole.frame.shape, try whole.values())
    } catch let error as FrameError {
      throw CommandFailure("a frame can't be decoded: \(error)")
    }
  }
}
