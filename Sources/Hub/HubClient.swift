internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// Requests to one server, with the user's token, which never travels to another host.
struct HubClient: Sendable {
  let token: String?
  let agent: String
  /// How often a request is tried when the network or the server fails, and what is waited in between.
  var attempts = 5
  var pause: Duration = .seconds(1)

  /// A whole answer.
  struct Answer {
    let url: String
    let body: Data
    /// The address of the next page, by the `Link` header (RFC 8288).
    let next: String?
  }

  /// Bytes that a listing may have.
  static let bodyLimit = 32 << 20

  /// Fetches something small.
  func body(of url: String) async throws -> Answer {
    let body = Collector(limit: Self.bodyLimit)
    var next: String?
    try await repeatedly(url) {
      body.clear()
      let answer = try await Transfer(
        accept: { response in
          guard response.statusCode == 200 else { throw refusal(url, response) }
        }, take: { try body.append($0, url: url) }
      ).run(try request(url))
      next = answer.value(forHTTPHeaderField: "Link").flatMap(Self.next)
      return true
    }
    return Answer(url: url, body: body.data, next: next)
  }

  /// Calls `body` until it returns true, after pauses that grow while nothing new arrives.
  ///
  /// - Parameters:
  ///   - reached: how far it is; tries that get further don't count as failures.
  ///   - body: one try; true if all is done, false if only a part came. It throws ``Transfer/Trouble`` for what
  ///     may pass and any other error to give up.
  func repeatedly(
    _ url: String, reached: () -> Int = { 0 }, _ body: () async throws -> Bool
  ) async throws {
    var failures = 0
    var best = reached()
    while true {
      var reason = "the connection ended early"
      do {
        if try await body() { return }
      } catch let trouble as Transfer.Trouble { reason = trouble.reason }
      try Task.checkCancellation()
      let now = reached()
      failures = now > best ? 0 : failures + 1
      best = max(best, now)
      guard failures < attempts else {
        throw PullError.network(url: url, attempts: failures, reason)
      }
      try await Task.sleep(for: pause * (1 << failures))
    }
  }

  func request(_ url: String, from offset: Int = 0) throws -> URLRequest {
    guard let address = URL(string: url) else {
      throw PullError.badAnswer(url: url, "no web address")
    }
    var request = URLRequest(url: address)
    // Compressed on the way, a file would have another length than the listing says.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    request.setValue(agent, forHTTPHeaderField: "User-Agent")
    if let token, !token.isEmpty {
      request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    }
    if offset > 0 { request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range") }
    return request
  }

  /// What another status than the wanted means: trouble that may pass, or a refusal.
  func refusal(_ url: String, _ response: HTTPURLResponse) -> any Error {
    let status = response.statusCode
    if status >= 500 || status == 408 || status == 429 {
      return Transfer.Trouble(reason: "the server answers \(status)")
    }
    return PullError.refused(url: url, status: status, hasToken: token?.isEmpty == false)
  }

  /// The address marked `rel="next"`.
  static func next(_ link: String) -> String? {
    for part in link.split(separator: ",") where part.contains("rel=\"next\"") {
      guard let open = part.firstIndex(of: "<"), let close = part.firstIndex(of: ">"), open < close
      else { continue }
      return String(part[part.index(after: open)..<close])
    }
    return nil
  }
}

/// Gathers a body up to a limit.
private final class Collector: Sendable {
  private let gathered = Mutex(Data())
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var data: Data { gathered.withLock(\.self) }

  func clear() { gathered.withLock { $0 = Data() } }

  func append(_ piece: Data, url: String) throws {
    try gathered.withLock { data in
      guard data.count + piece.count <= limit else {
        throw PullError.badAnswer(url: url, "more than \(limit) bytes")
      }
      data.append(piece)
    }
  }
}
