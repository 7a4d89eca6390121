internal import Engine

extension Array where Element: Sendable {
  /// Makes something of each element, `width` at a time; the results are in the order of the elements.
  ///
  /// - Throws: the first error, which ends the others.
  func making<Made: Sendable>(
    atMost width: Int, _ make: @escaping @Sendable (Element) async throws -> Made
  ) async throws -> [Made] {
    try await withThrowingTaskGroup(of: (Int, Made).self) { group in
      var made: [Int: Made] = [:]
      for (place, element) in enumerated() {
        if place >= width, let (done, one) = try await group.next() { made[done] = one }
        group.addTask { (place, try await make(element)) }
      }
      for try await (place, one) in group { made[place] = one }
      return made.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  /// The same of what a request asks for: whatever is no refusal is that its client has left.
  func answering<Made: Sendable>(
    atMost width: Int, _ make: @escaping @Sendable (Element) async throws -> Made
  ) async throws(Refusal) -> [Made] {
    do {
      return try await making(atMost: width, make)
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw .engine(.cancelled)
    }
  }
}
