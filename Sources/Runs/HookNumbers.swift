internal import Hooks

/// The numbers by which frames name the hooks of a run.
///
/// A hook gets the next number when it is first asked for, and keeps it; what is asked for again is the same hook if
/// its tensors also travel the same way. A second execution counts as the first did, so both do it here.
package struct HookNumbers: Sendable {
  /// By number, each with all that it leaves to the run filled in.
  package private(set) var orders: [HookOrder] = []
  private let format: FrameFormat
  /// The numbers of a spec's hooks, which differ in how their tensors travel.
  private var numbers: [CaptureSpec: [Int]] = [:]

  /// - Parameter format: how tensors travel where a hook says nothing of it.
  package init(_ orders: [HookOrder] = [], format: FrameFormat) {
    self.format = format
    for order in orders { _ = add(order) }
  }

  /// The number of a hook, which is counted if it is new.
  package mutating func add(_ order: HookOrder) -> Int {
    if let known = number(of: order) { return known }
    numbers[order.spec, default: []].append(orders.count)
    orders.append(whole(order))
    return orders.count - 1
  }

  /// The number of a hook that was counted before.
  package func number(of order: HookOrder) -> Int? {
    let wanted = whole(order)
    return numbers[order.spec]?.first { orders[$0] == wanted }
  }

  /// The numbers of all hooks of a spec, the oldest first.
  func all(of spec: CaptureSpec) -> [Int] { numbers[spec] ?? [] }

  private func whole(_ order: HookOrder) -> HookOrder {
    HookOrder(
      spec: order.spec, dtype: order.format(in: format).elementType, encoding: order.encoding)
  }
}
