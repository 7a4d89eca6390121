import Foundation

/// Checkpoints that tests run.
package enum TestModels {
  /// The project's root, found from this file.
  package static let root: String = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.path
  }()

  /// The bundled model: a trained Llama of 24 layers.
  package static var bundled: String { root + "/Fixtures/models/circuits-5m" }

  /// The folder of recorded sessions.
  package static var sessions: String { root + "/Fixtures/sessions" }
}
