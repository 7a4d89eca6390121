internal import Foundation

/// A repository at one revision on one server.
package struct HubAddress: Equatable, Sendable {
  /// Where repositories are served unless told otherwise.
  package static let standard = "https://huggingface.co"

  /// Scheme, host and perhaps port, without a slash at the end.
  let endpoint: String
  /// `org/name`.
  let repository: String
  /// A branch, tag or commit.
  let revision: String

  /// The name of its folder among the fetched models.
  var folderName: String {
    let name = repository.replacing("/", with: "--")
    return revision == "main" ? name : name + "@" + revision.replacing("/", with: "--")
  }
}

/// What `pull` was asked for.
package enum PullTarget: Equatable, Sendable {
  case known(KnownModel)
  /// A repository, or one file of it.
  case repository(HubAddress, file: String?)

  /// Reads a known name, `org/name`, `org/name@revision`, `org/name/file.gguf` or a web address of one.
  ///
  /// - Throws: ``PullError/notAModel(_:known:)``.
  package init(_ text: String, endpoint: String?) throws(PullError) {
    if let known = KnownModels.all.first(where: { $0.name == text.lowercased() }) {
      self = .known(known)
      return
    }
    let refusal = PullError.notAModel(text, known: KnownModels.all.map(\.name))
    var server = endpoint ?? HubAddress.standard
    var path = text
    if let scheme = text.range(of: "://") {
      guard let slash = text[scheme.upperBound...].firstIndex(of: "/") else { throw refusal }
      server = String(text[..<slash])
      path = String(text[text.index(after: slash)...])
    }
    guard server.hasPrefix("https://") || server.hasPrefix("http://") else { throw refusal }
    while server.hasSuffix("/") { server.removeLast() }
    path = path.split(separator: "?").first.map(String.init) ?? ""
    var parts = path.split(separator: "/").map(String.init)
    guard parts.count >= 2 else { throw refusal }
    // org/name/tree/REVISION, org/name/blob/REVISION/file and org/name/resolve/REVISION/file
    var revision = "main"
    if parts.count >= 4, ["tree", "blob", "resolve"].contains(parts[2]) {
      revision = parts[3]
      parts.removeSubrange(2...3)
    }
    if let at = parts[1].firstIndex(of: "@") {
      revision = String(parts[1][parts[1].index(after: at)...])
      parts[1] = String(parts[1][..<at])
    }
    let words = parts + [revision]
    guard parts.count <= 3, words.allSatisfy(Self.isPlain) else { throw refusal }
    self = .repository(
      HubAddress(endpoint: server, repository: "\(parts[0])/\(parts[1])", revision: revision),
      file: parts.count == 3 ? parts[2] : nil)
  }

  /// Whether a word can stand in an address and name a file: letters, digits, and a few signs inside.
  static func isPlain(_ word: String) -> Bool {
    !word.isEmpty && word.utf8.count <= 200 && !word.hasPrefix(".") && !word.hasPrefix("-")
      && word.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._+=".utf8.contains(byte)
        }
      }
  }
}
