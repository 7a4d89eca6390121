import HTTP
import Engine
import Foundation
import JSON
import HTTPTypes
import Logging
import Sockets
import TestKit
import StreamKit
import Testing

@testable import API
@testable import Runs

/// A whole server with the bundled model on a free port, and clients for it.
struct ServerKit: Sendable {
  let server: Server
  let port: UInt16

  /// One server for all tests that change nothing lasting in it.
  static func shared() async throws -> ServerKit { try await sharedTask.value }
  private static let sharedTask = Task { try await ServerKit() }

  init(
    loadsModel: Bool = true, logger: Logger? = nil,
    _ adjust: (inout ServerOptions) -> Void = { _ in }
  ) async throws {
    var options = ServerOptions()
    // Tests load models that they have changed from wherever they keep them.
    options.modelDirectories = ["/"]
    options.addresses = [.ipv4("127.0.0.1", port: 0)]
    options.engine = EngineOptions(threads: 1)
    options.drainSeconds = 1
    // All tests of a shared server together begin more runs than a server usually remembers.
    options.keptRuns = 1024
    // They are one client as well, and on a fast machine all of them ask at once.
    options.waitingRequests = 1 << 20
    options.runLimit = 1 << 20
    options.engine.maxWaiting = 1 << 20
    // Far away, so that a busy machine fails no test that is not about deadlines.
    options.transport.endure()
    options.viewerGrace = 3600
    adjust(&options)
    var silent = Logger(label: "test")
    silent.logLevel = .critical
    server = Server(options: options, logger: logger ?? silent)
    if loadsModel {
      _ = try await server.service.loadUnchecked(
        path: TestModels.bundled, id: "circuits", contextLength: nil)
    }
    port = try #require(try await server.listen().first?.port)
  }

  func client() throws -> LoopbackClient {
    try #require(LoopbackClient(port: port))
  }

  /// One request on a connection of its own, and the whole answer with its chunks joined.
  func send(
    _ method: String, _ path: String, _ body: String? = nil, typed isTyped: Bool = true,
    fields: [String] = []
  ) async throws -> TestResponse {
    let client = try client()
    await client.send(Self.request(method, path, body, typed: isTyped, fields: fields))
    return TestResponse(try #require(await client.receiveAll())).dechunked
  }

  static func request(
    _ method: String, _ path: String, _ body: String?, typed isTyped: Bool = true,
    fields: [String] = []
  ) -> [UInt8] {
    let bytes = Array((body ?? "").utf8)
    var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + fields
    if body != nil {
      lines += isTyped ? ["Content-Type: application/json"] : []
      lines.append("Content-Length: \(bytes.count)")
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + bytes
  }

  /// The JSON of an answer.
  func json(
    _ method: String, _ path: String, _ body: String? = nil, fields: [String] = []
  ) async throws -> JSONValue {
    try await send(method, path, body, fields: fields).json
  }

  /// The events of a run, read to its end.
  func events(_ run: String, query: String = "", fields: [String] = []) async throws -> [TestEvent]
  {
    let response = try await send("GET", "/v1/runs/\(run)/events\(query)", fields: fields)
    return try TestEvent.read(response.text)
  }

  /// Begins a run and names it.
  func start(_ body: String) async throws -> String {
    let run = try await json("POST", "/v1/runs", body)
    return try #require(run["run_id"]?.string, "\(run)")
  }

  static let france = #""messages":[{"role":"user","content":"What is the capital of France?"}]"#
}

extension TestResponse {
  var code: Int { Int(status.split(separator: " ").dropFirst().first ?? "") ?? 0 }

  var json: JSONValue {
    get throws { try JSONValue(parsing: body) }
  }

  /// The same with a chunked body joined.
  var dechunked: TestResponse {
    guard self["Transfer-Encoding"] == "chunked" else { return self }
    var joined: [UInt8] = []
    var rest = body[...]
    while let end = rest.firstIndex(of: 0x0d) {
      let size = Int(String(decoding: rest[rest.startIndex..<end], as: UTF8.self), radix: 16) ?? 0
      guard size > 0, rest.endIndex >= end + 2 + size else { break }
      joined += rest[(end + 2)..<(end + 2 + size)]
      rest = rest[(end + 2 + size + 2)...]
    }
    return TestResponse(status: status, fields: fields, body: joined)
  }
}

/// One event of an event stream.
struct TestEvent: Sendable {
  let type: String
  let id: String?
  let json: JSONValue

  var sequence: Int { Int(json["seq"]?.integer ?? -1) }

  /// The tensor frame in it.
  var frame: [UInt8]? {
    json["frame"]?.string.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
  }

  static func read(_ text: String) throws -> [TestEvent] {
    try text.components(separatedBy: "\n\n").compactMap { block in
      var type = "message"
      var id: String?
      var data: String?
      for line in block.split(separator: "\n") {
        if line.hasPrefix("event: ") { type = String(line.dropFirst(7)) }
        if line.hasPrefix("id: ") { id = String(line.dropFirst(4)) }
        if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
      }
      guard let data else { return nil }
      return TestEvent(
        type: type, id: id,
        json: data == "[DONE]" ? .string(data) : try JSONValue(parsing: Array(data.utf8)))
    }
  }
}

extension WebSocketTestClient {
  /// Opens a socket of a whole server.
  init(_ kit: ServerKit, _ path: String = "/v1/socket") async throws {
    await self.init(
      try kit.client(), path, fields: ["Sec-WebSocket-Protocol: neuroscope.v1"])
  }

  /// The next text message as JSON, binary ones put aside.
  func message(frames: inout [[UInt8]]) async throws -> JSONValue? {
    while let (first, payload) = await receive() {
      switch first & 0x0f {
      case 1: return try JSONValue(parsing: payload)
      case 2: frames.append(payload)
      case 9: await client.send(Self.frame(10, payload))
      default: return nil
      }
    }
    return nil
  }
}
