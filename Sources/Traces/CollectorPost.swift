internal import Foundation
internal import JSON
internal import Synchronization

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// What became of a batch at its collector.
enum CollectorAnswer: Sendable {
  /// It was taken, but for some spans.
  case taken(rejected: Int, reason: String)
  /// It will not be taken, however often it is sent.
  case refused(String)
  /// It can be sent again, after a time that the collector may have named.
  case later(String, after: Duration?)
}

/// One batch on its way to a collector.
final class CollectorPost: NSObject, URLSessionDataDelegate, Sendable {
  private struct State {
    var continuation: CheckedContinuation<CollectorAnswer, Never>?
    var body: [UInt8] = []
  }

  private let state = Mutex(State())

  /// Bytes of an answer that are looked at.
  private static let bodyLimit = 64 << 10
  /// What a collector may have a sender wait for.
  private static let longestWait = 30

  /// Sends a batch and waits for the answer.
  ///
  /// - Parameters:
  ///   - body: JSON.
  ///   - limit: how long it may take in all.
  func send(_ body: [UInt8], to address: CollectorAddress, within limit: Duration) async
    -> CollectorAnswer
  {
    var request = URLRequest(url: address.traces)
    request.httpMethod = "POST"
    request.httpBody = Data(body)
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.setValue("neuroscope", forHTTPHeaderField: "User-Agent")
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = limit / .seconds(1)
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    // The session's own limit is for silence; a byte now and then must not keep a batch for ever.
    let deadline = Task {
      try await Task.sleep(for: limit)
      task.cancel()
    }
    defer { deadline.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { $0.continuation = continuation }
        task.resume()
        if Task.isCancelled { task.cancel() }
      }
    } onCancel: {
      task.cancel()
    }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let isTooLong = state.withLock { state in
      state.body += data.prefix(Self.bodyLimit - state.body.count)
      return state.body.count >= Self.bodyLimit
    }
    if isTooLong { dataTask.cancel() }
  }

  /// Spans go to the address that the operator named, and nowhere else.
  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping (URLRequest?) -> Void
  ) { completionHandler(nil) }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let (continuation, body) = state.withLock { state in
      defer { state.continuation = nil }
      return (state.continuation, state.body)
    }
    guard let continuation else { return }
    if let response = task.response as? HTTPURLResponse,
      error == nil || response.statusCode >= 300 || body.count >= Self.bodyLimit
    {
      let wait = response.value(forHTTPHeaderField: "Retry-After").flatMap { UInt32($0) }
      continuation.resume(
        returning: Self.answer(response.statusCode, body, retryAfter: wait.map { Int($0) }))
    } else {
      let reason = error?.localizedDescription ?? "no HTTP answer"
      continuation.resume(returning: .later(reason, after: nil))
    }
  }

  /// What a status means.
  ///
  /// - Standard: OTLP 1, "OTLP/HTTP Response".
  static func answer(_ status: Int, _ body: [UInt8], retryAfter: Int?) -> CollectorAnswer {
    switch status {
    case 200..<300:
      let partial = (try? JSONValue(parsing: body))?["partialSuccess"]
      let count = partial?["rejectedSpans"]
      let rejected = count?.integer ?? count?.string.flatMap { Int64($0) } ?? 0
      return .taken(
        rejected: Int(clamping: max(rejected, 0)),
        reason: String((partial?["errorMessage"]?.string ?? "").prefix(200)))
    case 429, 502, 503, 504:
      return .later(
        "status \(status)", after: retryAfter.map { .seconds(min($0, longestWait)) })
    default: return .refused("status \(status)")
    }
  }
}
