internal import Foundation

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// One HTTP request whose body is handed on piece by piece, so that a file of any size needs little memory.
final class Transfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  // Proof for @unchecked: the mutable state is used by the session's serial delegate queue alone; `run` writes
  // the continuation before the task starts.

  /// Trouble that may pass: the request can be tried again.
  struct Trouble: Error { let reason: String }

  private let accept: (HTTPURLResponse) throws -> Void
  private let take: (Data) throws -> Void
  private var continuation: CheckedContinuation<HTTPURLResponse, any Error>?
  private var refusal: (any Error)?

  /// - Parameters:
  ///   - accept: throws for a response whose body is not wanted.
  ///   - take: gets the body's pieces in order.
  init(
    accept: @escaping (HTTPURLResponse) throws -> Void, take: @escaping (Data) throws -> Void
  ) {
    self.accept = accept
    self.take = take
  }

  /// - Throws: what `accept` or `take` threw, or ``Trouble``.
  @discardableResult
  func run(_ request: URLRequest) async throws -> HTTPURLResponse {
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = 60
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        self.continuation = continuation
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    do {
      guard let response = response as? HTTPURLResponse else {
        throw Trouble(reason: "no HTTP answer")
      }
      try accept(response)
      completionHandler(.allow)
    } catch {
      refusal = error
      completionHandler(.cancel)
    }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard refusal == nil else { return }
    do {
      try take(data)
    } catch {
      refusal = error
      dataTask.cancel()
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping (URLRequest?) -> Void
  ) {
    let old = task.originalRequest
    guard let target = request.url, old?.url?.scheme == target.scheme || target.scheme == "https"
    else {
      refusal = PullError.badAnswer(
        url: old?.url?.absoluteString ?? "", "a redirection away from https")
      return completionHandler(nil)
    }
    completionHandler(Self.redirected(from: old, to: request))
  }

  /// The request that follows a redirection: the range goes along, the token only on the same host.
  static func redirected(from old: URLRequest?, to request: URLRequest) -> URLRequest {
    var request = request
    for field in ["Range", "Accept-Encoding", "User-Agent"] {
      request.setValue(old?.value(forHTTPHeaderField: field), forHTTPHeaderField: field)
    }
    let isSameHost =
      request.url?.host == old?.url?.host && request.url?.port == old?.url?.port
      && request.url?.scheme == old?.url?.scheme
    request.setValue(
      isSameHost ? old?.value(forHTTPHeaderField: "Authorization") : nil,
      forHTTPHeaderField: "Authorization")
    return request
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    guard let continuation else { return }
    self.continuation = nil
    if let refusal {
      continuation.resume(throwing: refusal)
    } else if let error {
      continuation.resume(
        throwing: Trouble(reason: error.localizedDescription))
    } else if let response = task.response as? HTTPURLResponse {
      continuation.resume(returning: response)
    } else {
      continuation.resume(throwing: Trouble(reason: "no HTTP answer"))
    }
  }
}
