internal import Frames
internal import JSON
internal import Tokenizers
internal import Wire
internal import Runs

extension JSONWriter {
  /// An activation as the documented contract writes it.
  mutating func activation(_ tensor: CapturedTensor, encoding requested: TensorEncoding) {
    let encoding = tensor.encoding ?? requested
    let hook = tensor.event.hook
    let frame = tensor.frame
    object { writer in
      writer.member("hook_id", hook.id)
      writer.member("layer_name", hook.layerName)
      writer.member("component", hook.component)
      writer.array("shape") { writer in
        for dimension in frame.frame.shape { writer.integer(dimension) }
      }
      writer.member("dtype", Self.dtype(of: frame, encoding))
      writer.member("is_input", hook.isInput)
      writer.member("step", Int(frame.frame.step))
      tensor.event.writePositions(to: &writer)
      writer.name("data")
      switch encoding {
      case .nested: writer.tensor(frame, flat: false)
      case .list: writer.tensor(frame, flat: true)
      case .base64:
        if let bytes = try? frame.unpacked() {
          writer.plainString(Base64.encode(bytes))
        } else {
          writer.null()
        }
      case .none: writer.null()
      }
    }
  }

  /// Numbers in decimal are singles whatever they were on the wire; bytes are what they are.
  private static func dtype(of frame: FrameBytes, _ encoding: TensorEncoding) -> String {
    guard encoding == .base64 else { return "float32" }
    return switch frame.frame.elementType {
    case .float32: "float32"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .int8Blocks: "int8_blocks"
    case .uint32: "uint32"
    }
  }

  /// `{hook_id: [activation, …], …}`: the given ids first, each even if nothing was captured, then others in the
  /// order of their first appearance.
  mutating func activations(
    _ tensors: [CapturedTensor], ids: [String], encoding: TensorEncoding
  ) {
    var order = ids
    var byHook: [String: [CapturedTensor]] = [:]
    for tensor in tensors {
      if byHook[tensor.hookID] == nil, !ids.contains(tensor.hookID) { order.append(tensor.hookID) }
      byHook[tensor.hookID, default: []].append(tensor)
    }
    object { writer in
      for id in order {
        writer.array(id) { writer in
          for tensor in byHook[id] ?? [] { writer.activation(tensor, encoding: encoding) }
        }
      }
    }
  }
}
