internal import Loops
internal import Synchronization

/// Work that reads whole files, on threads of its own, so that requests and streams never stand behind it.
///
/// The work of one client stands behind that client's own; of the others, behind some at most.
final class FileWork: Sendable {
  private let loops = (0..<4).map { Loop(label: "neuroscope.files.\($0)") }

  /// Does something there; what has lost its client before it begins is not done.
  func perform<Answer: Sendable>(
    _ body: @escaping @Sendable () throws(Refusal) -> Answer
  ) async throws(Refusal) -> Answer {
    let place = UInt(bitPattern: ClientKey.current.hashValue) % UInt(loops.count)
    let loop = loops[Int(place)]
    let isLeft = Left()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.execute {
          continuation.resume(
            returning: Result { () throws(Refusal) in
              guard !isLeft.value.load(ordering: .relaxed) else { throw .abandoned }
              return try body()
            })
        }
      }
    } onCancel: {
      isLeft.value.store(true, ordering: .relaxed)
    }
    return try result.get()
  }

  private final class Left: Sendable {
    let value = Atomic(false)
  }
}
