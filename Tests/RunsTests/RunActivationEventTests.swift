@testable import Streams
import Frames
import JSON
import Testing

@testable import Runs

@Suite struct RunActivationEventTests {
  func event(_ positions: [Int]) throws -> ActivationEvent {
    let values: [Float] = [1, -2, 0.5, 4]
    let frame = try FrameEncoder().encode(
      values,
      as: TensorFrame(
        kind: .activation, elementType: .bfloat16, codec: .raw, sequence: 3, step: 2,
        firstPosition: 4, positionStride: 1, hookIndex: 1, layer: 0,
        component: FrameComponent(name: "residual"), shape: [1, 2, 2]))
    return ActivationEvent(
      hook: ActivationEvent.Hook(
        index: 1, id: "a \"b\"", layerName: "model.layers.0", component: "residual", isInput: true),
      run: "r1", sequence: 3, milliseconds: 12.3456, positions: positions, frame: frame)
  }

  func text(_ form: TensorForm, _ positions: [Int] = [4, 5]) throws -> String {
    let item = TopicItem(
      "activation", sequence: 3, tensor: try event(positions), hook: "a", epoch: "e")
    return String(decoding: item.text(form), as: UTF8.self)
  }

  let beginning =
    #"{"type":"activation","run_id":"r1","seq":3,"step":2,"time_ms":12.346,"hook_index":1,"#
    + #""hook_id":"a \"b\"","layer_name":"model.layers.0","component":"residual","is_input":true,"#
    + #""shape":[1,2,2],"dtype":"bf16","positions":"#

  @Test func `an activation names its hook and its positions`() throws {
    #expect(try text(.none) == beginning + "[4,6]}")
  }

  @Test func `positions with gaps are listed one by one`() throws {
    #expect(try text(.none, [4, 9]) == beginning + #"[4,10],"position_list":[4,9]}"#)
  }

  @Test func `the tensor is in the text as numbers or as the whole frame, as the viewer wants`()
    throws
  {
    #expect(try text(.json) == beginning + #"[4,6],"data":[[[1.0,-2.0],[0.5,4.0]]]}"#)
    let base64 = try text(.base64)
    let json = try JSONValue(parsing: Array(base64.utf8))
    #expect(json["frame"]?.string?.count == (try event([4, 5]).frame.count + 2) / 3 * 4)
  }
}
