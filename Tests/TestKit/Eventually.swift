/// Waits until something holds; false after twelve thousand looks, a minute at least.
package func eventually(_ condition: () async -> Bool) async -> Bool {
  for _ in 0..<12_000 * Patience.factor {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}
