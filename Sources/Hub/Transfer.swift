internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// One HTTP request whose body is handed on piece by piece, so that a file of any size needs little memory.
final class Transfer: NSObject, URLSessionDataDelegate, Sendable {
  /// Trouble that may pass: the request can be tried again.
  struct Trouble: Error { let reason: String }

  private struct State {
    var continuation: CheckedContinuation<HTTPURLResponse, any Error>?
    /// Why the body is not wanted.
    var refusal: (any Error)?
  }

  private let accept: @Sendable (HTTPURLResponse) throws -> Void
  private let take: @Sendable (Data) throws -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - accept: throws for a response whose body is not wanted.
  ///   - take: gets the body's pieces in order.
  init(
    accept: @escaping @Sendable (HTTPURLResponse) throws -> Void,
    take: @escaping @Sendable (Data) throws -> Void
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
        state.withLock { $0.continuation = continuation }
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
      refuse(error)
      completionHandler(.cancel)
    }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard state.withLock({ $0.refusal == nil }) else { return }
    do {
      try take(data)
    } catch {
      refuse(error)
      dataTask.cancel()
    }
  }

  private func refuse(_ error: any Error) { state.withLock { $0.refusal = error } }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping (URLRequest?) -> Void
  ) {
    let old = task.originalRequest
    guard let target = request.url, old?.url?.scheme == target.scheme || target.scheme == "https"
    else {
      refuse(
        PullError.badAnswer(
          url: old?.url?.absoluteString ?? "", "a redirection away from https"))
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
    let (continuation, refusal) = state.withLock { state in
      defer { state.continuation = nil }
      return (state.continuation, state.refusal)
    }
    guard let continuation else { return }
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
