internal import Foundation

#if canImport(FoundationNetworking)
internal import FoundationNetworking
#endif

/// Reads a stream of server-sent events: the `data:` lines, one JSON object each.
final class DemoStream: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  // Proof for @unchecked: the session calls its delegate on one serial queue, and nobody else touches the state.

  private let continuation: AsyncThrowingStream<DemoEvent, any Error>.Continuation
  private let decoder = ServerClient.decoder
  private var rest = Data()

  private init(_ continuation: AsyncThrowingStream<DemoEvent, any Error>.Continuation) {
    self.continuation = continuation
  }

  /// Begins to read; the events end with the stream.
  static func open(_ request: URLRequest) -> AsyncThrowingStream<DemoEvent, any Error> {
    let (events, continuation) = AsyncThrowingStream.makeStream(of: DemoEvent.self)
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let session = URLSession(
      configuration: .ephemeral, delegate: DemoStream(continuation), delegateQueue: queue)
    let task = session.dataTask(with: request)
    continuation.onTermination = { _ in session.invalidateAndCancel() }
    task.resume()
    return events
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    rest.append(data)
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[rest.startIndex..<end]
      rest = Data(rest[(end + 1)...])
      guard line.starts(with: "data: ".utf8) else { continue }
      do {
        continuation.yield(try decoder.decode(DemoEvent.self, from: Data(line.dropFirst(6))))
      } catch {
        continuation.finish(throwing: CommandFailure("an event can't be read: \(error)"))
      }
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    if let error {
      continuation.finish(
        throwing: CommandFailure("the stream broke: \(error.localizedDescription)"))
    } else {
      continuation.finish()
    }
  }
}
