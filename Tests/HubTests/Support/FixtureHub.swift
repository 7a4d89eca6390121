import Checkpoints
import Digests
import Foundation
import Synchronization

/// A repository server that holds one tiny model and can be told to misbehave.
final class FixtureHub: Sendable {
  struct Behaviour: Sendable {
    /// Cuts the weights' body after so many bytes, this often.
    var cut: (bytes: Int, times: Int) = (0, 0)
    /// Answers with these statuses before it answers rightly.
    var statuses: [Int] = []
    var ignoresRanges = false
    /// What the listing says in place of the right hash.
    var hash: String?
    var token: String?
    /// Sends files' requests to another name of the same machine.
    var redirects = false
    /// Files of one page of the listing.
    var pageSize = 100
    /// Sends these bytes more than the listing says.
    var surplus = 0
    /// Sends files of no bytes.
    var isEmpty = false
  }

  static let commit = "0123456789abcdef0123456789abcdef01234567"
  let files: [String: [UInt8]]
  private let server = Mutex<FixtureServer?>(nil)
  private let behaviour: Mutex<Behaviour>

  init(_ behaviour: Behaviour = Behaviour(), files: [String: [UInt8]]? = nil) throws {
    self.files = files ?? Self.tinyModel
    self.behaviour = Mutex(behaviour)
    let made = try FixtureServer { [weak self] request, _ in
      self?.answer(request) ?? FixtureServer.Reply(status: 500)
    }
    server.withLock { $0 = made }
  }

  var address: String { server.withLock { $0?.address ?? "" } }
  var requests: [FixtureServer.Request] { server.withLock { $0?.requests ?? [] } }

  /// The smallest Llama that opens.
  static let tinyModel: [String: [UInt8]] = [
    "config.json": Array(
      """
      {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
       "intermediate_size": 32, "vocab_size": 4, "max_position_embeddings": 64}
      """.utf8),
    "tokenizer.json": Array("{}".utf8), "README.md": Array("# not wanted".utf8),
    "model.safetensors": weights(),
  ]

  private static func weights() -> [UInt8] {
    let header =
      #"{"model.embed_tokens.weight":{"dtype":"F32","shape":[128,32],"data_offsets":[0,16384]}}"#
    return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + header.utf8
      + (0..<16_384).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  }

  static func sha256(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.hex()
  }

  private func answer(_ request: FixtureServer.Request) -> FixtureServer.Reply {
    let (behaviour, status) = behaviour.withLock { state -> (Behaviour, Int?) in
      (state, state.statuses.isEmpty ? nil : state.statuses.removeFirst())
    }
    if let status { return FixtureServer.Reply(status: status) }
    if let token = behaviour.token, request.headers["authorization"] != "Bearer \(token)",
      !request.path.hasPrefix("/elsewhere/")
    {
      return FixtureServer.Reply(status: 401)
    }
    let listing = "/api/models/org/tiny"
    let parts = request.path.split(separator: "?", maxSplits: 1)
    switch String(parts.first ?? "") {
    case "\(listing)/revision/main":
      return FixtureServer.Reply(body: Array("{\"sha\": \"\(Self.commit)\"}".utf8))
    case "\(listing)/tree/\(Self.commit)":
      return page(Int(parts.dropFirst().first ?? "0") ?? 0, behaviour)
    case let path where path.hasPrefix("/org/tiny/resolve/\(Self.commit)/"):
      guard let port = request.headers["host"]?.split(separator: ":").last, behaviour.redirects
      else { return content(request, behaviour) }
      let name = path.split(separator: "/").last ?? ""
      return FixtureServer.Reply(
        status: 302, headers: ["Location": "http://localhost:\(port)/elsewhere/\(name)"])
    case let path where path.hasPrefix("/elsewhere/"): return content(request, behaviour)
    default: return FixtureServer.Reply(status: 404)
    }
  }

  private func page(_ first: Int, _ behaviour: Behaviour) -> FixtureServer.Reply {
    let names = files.keys.sorted()
    let end = min(first + behaviour.pageSize, names.count)
    let entries = names[first..<end].map { name -> String in
      let bytes = files[name] ?? []
      let plain = "\"type\":\"file\",\"path\":\"\(name)\",\"size\":\(bytes.count)"
      guard name.hasSuffix(".safetensors") || name.hasSuffix(".gguf") else {
        return "{\(plain),\"oid\":\"\(String(Self.sha256(bytes).prefix(40)))\"}"
      }
      let hash = behaviour.hash ?? Self.sha256(bytes)
      return "{\(plain),\"oid\":\"00\",\"lfs\":{\"oid\":\"\(hash)\",\"size\":\(bytes.count)}}"
    }
    var reply = FixtureServer.Reply(body: Array("[\(entries.joined(separator: ","))]".utf8))
    if end < names.count {
      reply.headers["Link"] =
        "<\(address)/api/models/org/tiny/tree/\(Self.commit)?\(end)>; rel=\"next\""
    }
    return reply
  }

  private func content(_ request: FixtureServer.Request, _ behaviour: Behaviour)
    -> FixtureServer.Reply
  {
    let name = String(request.path.split(separator: "/").last ?? "")
    guard var bytes = files[name] else { return FixtureServer.Reply(status: 404) }
    if behaviour.isEmpty { return FixtureServer.Reply() }
    bytes += [UInt8](repeating: 0, count: behaviour.surplus)
    var reply = FixtureServer.Reply()
    if !behaviour.ignoresRanges, let range = request.headers["range"],
      let start = Int(range.dropFirst("bytes=".count).dropLast()), start < bytes.count
    {
      reply.status = 206
      reply.headers["Content-Range"] = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
      bytes.removeFirst(start)
    }
    reply.body = bytes
    if name.hasSuffix(".safetensors") {
      self.behaviour.withLock { state in
        guard state.cut.times > 0 else { return }
        state.cut.times -= 1
        reply.cut = state.cut.bytes
      }
    }
    return reply
  }
}
