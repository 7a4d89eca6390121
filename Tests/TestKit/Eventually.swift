/// Whether something comes true before patience ends.
package func eventually(_ condition: () async -> Bool) async -> Bool {
  let end = ContinuousClock.now + Patience.limit
  while ContinuousClock.now < end {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}
