internal import HTTP
internal import HTTPTypes
package import JSON
internal import Synchronization
internal import TestKit

/// A collector of traces on a free port: it keeps what it is sent, and answers as it is told.
package final class CollectorKit: Sendable {
  /// What it answers.
  package enum Answer: Sendable {
    case taken
    case status(Int, retryAfter: String? = nil)
    /// Taken but for some spans.
    case partly(rejected: Int)
    /// Nothing, for as long as the sender waits.
    case silence
  }

  private struct State {
    var bodies: [[UInt8]] = []
    var answers: [Answer]
    var usual: Answer
    var requests = 0
  }

  private final class Box: Sendable {
    let state: Mutex<State>
    init(_ answers: [Answer], _ usual: Answer) {
      state = Mutex(State(answers: answers, usual: usual))
    }
  }

  private let box: Box
  private let kit: TransportKit

  /// - Parameters:
  ///   - answers: the first ones.
  ///   - usual: all further ones.
  package init(_ answers: [Answer] = [], then usual: Answer = .taken) async throws {
    let box = Box(answers, usual)
    self.box = box
    kit = try await TransportKit([
      Route(.post, "/v1/traces") { request in
        guard request.fields[.contentType] == "application/json" else {
          return .full(status: .unsupportedMediaType)
        }
        let answer = box.state.withLock { state in
          state.requests += 1
          let answer = state.answers.isEmpty ? state.usual : state.answers.removeFirst()
          switch answer {
          case .taken, .partly: state.bodies.append(request.body)
          case .status, .silence: break
          }
          return answer
        }
        switch answer {
        case .taken: return .json(Array("{}".utf8))
        case .partly(let rejected):
          return .json(
            Array(
              #"{"partialSuccess":{"rejectedSpans":"\#(rejected)","errorMessage":"too old"}}"#.utf8)
          )
        case .status(let code, let wait):
          var fields = HTTPFields()
          fields[.retryAfter] = wait
          return .full(status: .init(code: code), fields: fields)
        case .silence:
          try? await Task.sleep(for: .seconds(3600))
          return .full(status: .ok)
        }
      }
    ])
  }

  /// Where it is.
  package var url: String { "http://127.0.0.1:\(kit.port)" }

  /// What it answers from now on.
  package func answer(_ usual: Answer) {
    box.state.withLock { state in
      state.answers = []
      state.usual = usual
    }
  }

  /// How often it was asked.
  package var requests: Int { box.state.withLock(\.requests) }

  /// The bodies that it has taken.
  package var bodies: [JSONValue] {
    get throws { try box.state.withLock(\.bodies).map { try JSONValue(parsing: $0) } }
  }

  /// The spans that it has taken, in the order of their coming.
  package var spans: [SentSpan] {
    get throws { try bodies.flatMap { try SentSpan.read($0).spans } }
  }

  /// The spans of one trace, once there is one of each of these names.
  package func spans(of trace: String, named names: String...) async throws -> [SentSpan] {
    var found: [SentSpan] = []
    let isThere = await eventually {
      found = ((try? spans) ?? []).filter { $0.trace == trace }
      return Set(names).isSubset(of: found.map(\.name))
    }
    guard isThere else { throw NoSpan() }
    return found
  }
}
