internal import Foundation

/// The browser of whoever sits before this machine: what `$BROWSER` names, else the desktop's own.
struct Browser {
  let environment: [String: String]

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.environment = environment
  }

  /// Programs to try, the wanted one first; `BROWSER` lists several with colons between.
  private var names: [String] {
    let wanted = environment["BROWSER"]?.split(separator: ":").map(String.init) ?? []
    return wanted + ["xdg-open", "open"]
  }

  /// The first of the programs that is on this machine.
  var program: String? {
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    for name in names {
      let candidates = name.hasPrefix("/") ? [name] : folders.map { "\($0)/\(name)" }
      if let found = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) {
        return found
      }
    }
    return nil
  }

  /// Begins to show an address, without waiting for it.
  ///
  /// - Returns: why it can't be shown, in a sentence; nil where a program took it.
  func show(_ address: String) -> String? {
    guard let program else {
      return "No browser was found (xdg-open, or what BROWSER names): open \(address) yourself."
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [address]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch {
      let reason = error.localizedDescription
      return "\(program) could not be begun (\(reason)): open \(address) yourself."
    }
    return nil
  }
}
