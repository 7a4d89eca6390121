internal import Foundation

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// Talks to a server over HTTP.
struct ServerClient {
  /// Such as `http://127.0.0.1:8080`.
  let base: URL
  /// Sent with each request, to that server alone.
  private let key: String?

  /// - Parameter key: a key of the server; nil where it needs none.
  /// - Throws: ``CommandFailure`` where the text is no URL.
  init(_ text: String, key: String? = nil) throws {
    self.key = key
    guard let url = URL(string: text), url.scheme?.hasPrefix("http") == true, url.host != nil else {
      throw CommandFailure("\(text) is no URL of a server, such as http://127.0.0.1:8080")
    }
    base = url
  }

  /// The answer to a `GET`.
  func get<Answer: Decodable>(_ path: String, as type: Answer.Type) async throws -> Answer {
    try await answer(request(path))
  }

  /// The answer to a `POST` of a JSON object.
  func post<Answer: Decodable>(
    _ path: String, _ body: some Encodable, as type: Answer.Type
  ) async throws -> Answer {
    var request = request(path)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = try JSONEncoder().encode(body)
    return try await answer(request)
  }

  /// The events of a server-sent event stream, as they come.
  func events(_ path: String) -> AsyncThrowingStream<DemoEvent, any Error> {
    var request = request(path)
    request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
    return DemoStream.open(request)
  }

  private func request(_ path: String) -> URLRequest {
    // Paths are the server's own and may carry a query.
    let url = URL(string: path, relativeTo: base) ?? base
    var request = URLRequest(url: url, timeoutInterval: 300)
    if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
    return request
  }

  private func answer<Answer: Decodable>(_ request: URLRequest) async throws -> Answer {
    let data: Data
    let response: URLResponse
    do {
      (data, response) = try await URLSession.shared.data(for: request)
    } catch {
      throw CommandFailure("\(base.absoluteString) does not answer: \(error.localizedDescription)")
    }
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    guard (200..<300).contains(status) else {
      throw CommandFailure(
        "\(request.url?.path ?? "") answers \(status): \(String(decoding: data.prefix(300), as: UTF8.self))"
      )
    }
    return try Self.decoder.decode(Answer.self, from: data)
  }

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}
