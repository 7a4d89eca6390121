package import Frames
internal import JSON
import Synchronization
internal import Wire

/// One numbered thing that happened in a run: an event, or the frame of one captured tensor.
///
/// Immutable and shared by the ring and by every viewer. What tells of it in text is made when the first viewer wants
/// it, and then kept as long as the item.
package final class TopicItem: Sendable {
  /// Whether an item may be missed.
  package enum Kind: Sendable, Hashable {
    /// Never dropped for a viewer.
    case event
    /// May be dropped for a slow viewer, and is then counted in a `gap` under the hook's id.
    case frame(hook: String)
  }

  /// What has been made of it.
  private struct Texts: Sendable {
    var plain: [UInt8]?
    var deflated: [UInt8]?
  }

  /// Its number in the run; the first is 0.
  package let sequence: UInt64
  /// The event's name, such as `token`.
  package let type: String
  /// Whether it may be missed.
  package let kind: Kind
  /// Bytes it counts for in rings and limits.
  package let cost: Int

  /// What an event says, as values; nil where only its text is kept.
  ///
  /// For readers in this process, who would have to parse the text.
  package let contents: EventContents?
  /// The captured tensor; nil for an event.
  package let tensor: (any EncodedTensor)?
  private let id: EventID
  private let budget: ByteBudget?
  private let texts: Mutex<Texts>
  private let textByteCount = Atomic(0)

  /// An event.
  ///
  /// - Parameters:
  ///   - contents: what it says, where it is kept as values too; they count like the text.
  ///   - text: its JSON on a single line.
  package init(
    _ type: String, sequence: UInt64, contents: EventContents? = nil, text: [UInt8], epoch: String,
    budget: ByteBudget? = nil
  ) {
    self.type = type
    self.sequence = sequence
    self.budget = budget
    self.contents = contents
    kind = .event
    tensor = nil
    id = EventID(epoch: epoch, sequence: sequence)
    texts = Mutex(Texts(plain: text))
    cost = (contents == nil ? 1 : 2) * text.count + Self.overhead
    budget?.add(cost)
  }

  /// A captured tensor.
  ///
  /// - Parameter hook: the hook's id, under which viewers are told what they missed.
  package init(
    _ type: String, sequence: UInt64, tensor: any EncodedTensor, hook: String, epoch: String,
    budget: ByteBudget? = nil
  ) {
    self.type = type
    self.sequence = sequence
    self.budget = budget
    self.tensor = tensor
    contents = nil
    kind = .frame(hook: hook)
    id = EventID(epoch: epoch, sequence: sequence)
    texts = Mutex(Texts())
    cost = tensor.bytes.count + Self.overhead
    budget?.add(cost)
  }

  /// A charge for the object itself, so that empty events are bounded too.
  private static let overhead = 128

  deinit {
    budget?.subtract(cost + textByteCount.load(ordering: .relaxed))
  }

  /// The encoded tensor frame; nil for an event.
  package var frame: [UInt8]? { tensor?.bytes }

  /// The event's JSON on a single line, without its tensor.
  package var text: [UInt8] { texts.withLock { plain(&$0) } }

  /// The same, deflated for a text message (RFC 7692).
  ///
  /// The item's own lock is held while one viewer's thread deflates: a second viewer waits for the same bytes instead
  /// of making them again.
  var deflatedText: [UInt8] {
    texts.withLock { texts in
      if let made = texts.deflated { return made }
      let bytes = SharedDeflater.deflate(plain(&texts))
      texts.deflated = bytes
      charge(bytes)
      return bytes
    }
  }

  private func plain(_ texts: inout Texts) -> [UInt8] {
    if let made = texts.plain { return made }
    let bytes = tensor?.text ?? []
    texts.plain = bytes
    charge(bytes)
    return bytes
  }

  private func charge(_ bytes: [UInt8]) {
    budget?.add(bytes.count)
    textByteCount.add(bytes.count, ordering: .relaxed)
  }

  /// The event's JSON on a single line, its tensor in the given form.
  package func text(_ form: TensorForm) -> [UInt8] {
    var bytes: [UInt8] = []
    append(form, to: &bytes)
    return bytes
  }

  /// Adds the same to bytes.
  func append(_ form: TensorForm, to bytes: inout [UInt8]) {
    bytes += text
    guard form != .none, let tensor else { return }
    // The tensor is the object's last member.
    bytes.removeLast()
    bytes += form == .json ? Self.numbersName : Self.frameName
    switch form {
    case .base64:
      Base64.append(tensor.bytes, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    case .json: JSONWriter.append(to: &bytes) { tensor.writeNumbers(to: &$0) }
    case .none: break
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private static let frameName = Array(#","frame":""#.utf8)
  private static let numbersName = Array(#","data":"#.utf8)

  /// Adds a complete event of an event stream.
  func appendEvent(_ form: TensorForm, to bytes: inout [UInt8]) {
    SSEEncoder.append(type, id: id.description, to: &bytes) { append(form, to: &$0) }
  }
}
