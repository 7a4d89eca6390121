import Frames
import Hooks
import TestKit
import Testing

@testable import Runs

@Suite struct HookTableTests {
  private static func order(_ id: String, _ dtype: FrameElementType? = nil) -> HookOrder {
    let layer = Int(id.utf8.first ?? 0) % 4
    return HookOrder(
      spec: CaptureSpec(
        hookID: id, layerName: "transformer.h.\(layer)", component: .residual, isInput: false,
        point: HookPoint(.residualPost, layer: layer), selection: Selection()),
      dtype: dtype, encoding: nil)
  }

  private static func indices(_ hooks: HookTable) -> [Int] {
    hooks.all.filter(\.isActive).map(\.index)
  }

  @Test func `a hook that comes back keeps its index, one that travels otherwise gets another`() {
    var hooks = HookTable(
      [Self.order("a")], format: FrameFormat(elementType: .bfloat16, codec: .raw))
    hooks.change(adding: [Self.order("a", .float32)], removing: [], from: 3)
    #expect(Self.indices(hooks) == [1])
    #expect(hooks[0].format.elementType == .bfloat16 && hooks[1].format.elementType == .float32)
    hooks.change(adding: [Self.order("a", .bfloat16)], removing: [], from: 5)
    #expect(Self.indices(hooks) == [0])
    #expect(hooks.all.count == 2)
    #expect(
      hooks.count(adding: [Self.order("a"), Self.order("b"), Self.order("a", .float16)]) == 4)
  }

  @Test func `a pass that was under way brings tensors of the hook that it was computed with`() {
    let spec = Self.order("a").spec
    var hooks = HookTable(
      [Self.order("a")], format: FrameFormat(elementType: .bfloat16, codec: .raw))
    #expect(hooks.places(of: [spec], step: 4) == [0])
    hooks.change(adding: [Self.order("a", .float32)], removing: [], from: 5)
    #expect(hooks.places(of: [spec], step: 4) == [0])
    #expect(hooks.places(of: [spec], step: 5) == [1])
    hooks.rewind(to: 3)
    #expect(hooks.places(of: [spec], step: 3) == [1])
    #expect(hooks.places(of: [Self.order("z").spec, spec], step: 4) == [nil, 1])
  }

  /// A plain account of who was in force when, against which every history is held.
  @Test(arguments: 0..<40) func `any history of changes places each pass as it was ordered`(
    seed: UInt64
  ) {
    var generator = SeededGenerator(seed: seed)
    let ids = ["a", "b", "c"]
    let types: [FrameElementType?] = [nil, .float32, .float16]
    var inForce: [String: HookOrder] = [:]
    var hooks = HookTable([], format: FrameFormat(elementType: .bfloat16, codec: .raw))
    // The last passes, each with what it captured, told only after later changes.
    var passes: [(step: Int, orders: [HookOrder])] = []
    for step in 0..<60 {
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        let order = Self.order(
          ids.randomElement(using: &generator) ?? "a",
          types.randomElement(using: &generator) ?? nil)
        if Bool.random(using: &generator) {
          inForce[order.spec.hookID] = order
          hooks.change(adding: [order], removing: [], from: step)
        } else {
          inForce[order.spec.hookID] = nil
          hooks.change(adding: [], removing: [order.spec.hookID], from: step)
        }
      }
      passes.append((step, inForce.values.sorted { $0.spec.hookID < $1.spec.hookID }))
      guard passes.count > Int.random(in: 0...1, using: &generator) else { continue }
      let told = passes.removeFirst()
      let places = hooks.places(of: told.orders.map(\.spec), step: told.step)
      for (place, order) in zip(places, told.orders) {
        guard let place else {
          Issue.record("\(order.spec.hookID) of pass \(told.step) has no place")
          continue
        }
        #expect(hooks[place].spec == order.spec)
        #expect(hooks[place].format.elementType == order.dtype ?? .bfloat16)
      }
    }
  }
}
