internal import Streams
internal import Frames
internal import JSON
internal import Recordings
internal import Synchronization

/// Makes the items of a stream again out of records, byte for byte, but for the name of the run.
///
/// What a frame alone does not say (its hook's names, positions that are not evenly spaced) comes from the events before
/// it; hooks are therefore noted as events go by, whether they are being recorded or played.
final class RecordedItems: Sendable {
  private let run: String
  private let epoch: String
  private let budget: ByteBudget?
  /// The member of every event that names the recorded run, and the one that takes its place.
  private let name: (recorded: [UInt8], own: [UInt8])
  private let hooks = Mutex<[Int: ActivationEvent.Hook]>([:])

  /// - Parameters:
  ///   - run: the run that the items belong to.
  ///   - recordedRun: the run that the records name.
  init(run: String, recordedRun: String, epoch: String, budget: ByteBudget? = nil) {
    self.run = run
    self.epoch = epoch
    self.budget = budget
    name = (Self.member(recordedRun), Self.member(run))
  }

  private static func member(_ run: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.string(run)
    return Array("\"run_id\":".utf8) + writer.bytes
  }

  /// Notes the hooks that an event lists, if it does.
  func noteHooks(of event: JSONValue) {
    for json in event["hooks"]?.array ?? [] {
      if let hook = ActivationEvent.Hook(json) { hooks.withLock { $0[hook.index] = hook } }
    }
  }

  /// The same of an event's line, which is read only if it is of a type that lists hooks.
  func noteHooks(of line: [UInt8]) {
    guard Self.hookLists.contains(where: { line.starts(with: $0) }),
      let event = try? JSONValue(parsing: line)
    else { return }
    noteHooks(of: event)
  }

  private static let hookLists = [EventType.runStarted, .hooksChanged].map {
    Array(#"{"type":"\#($0.rawValue)""#.utf8)
  }

  /// An event's item; its line is the recorded one with this run's name.
  func item(event json: [UInt8], type: String, sequence: UInt64) -> TopicItem {
    TopicItem(
      type, sequence: sequence, text: renamed(json), epoch: epoch, budget: budget)
  }

  /// A frame's item.
  ///
  /// - Parameter description: the event recorded before it, where it has one.
  func item(_ frame: FrameBytes, microseconds: UInt64, description: JSONValue?) -> TopicItem {
    let index = Int(frame.frame.hookIndex)
    let hook =
      hooks.withLock { $0[index] } ?? ActivationEvent.Hook(index: index, frame: frame.frame)
    let sequence = frame.frame.sequence
    let event = ActivationEvent(
      hook: hook, run: run, sequence: sequence, milliseconds: Double(microseconds) / 1000,
      positions: description?["position_list"]?.array?.compactMap { $0.integer.map { Int($0) } }
        ?? hook.positions(of: frame.frame),
      frame: frame)
    return TopicItem(
      EventType.activation.rawValue, sequence: sequence, tensor: event, hook: hook.id,
      epoch: epoch, budget: budget)
  }

  /// The items of records that follow each other, as far as they can be read.
  func items(
    _ entries: [RecordingEntry], payload: (RecordingEntry) throws(RecordingError) -> [UInt8]
  ) -> [TopicItem] {
    var items: [TopicItem] = []
    var description: JSONValue?
    for entry in entries {
      guard let bytes = try? payload(entry) else { break }
      if entry.type == .frame {
        guard let frame = try? FrameBytes(checking: bytes) else { break }
        items.append(item(frame, microseconds: entry.microseconds, description: description))
        description = nil
      } else {
        guard let event = try? JSONValue(parsing: bytes), let type = event["type"]?.string else {
          break
        }
        if type == EventType.activation.rawValue {
          description = event
        } else {
          items.append(item(event: bytes, type: type, sequence: entry.sequence))
        }
      }
    }
    return items
  }

  /// The envelope's `run_id` replaced in place, so that no other byte changes.
  private func renamed(_ json: [UInt8]) -> [UInt8] {
    // The envelope comes first, so the name is near the front.
    let last = min(json.count - name.recorded.count, 256)
    guard name.recorded != name.own, last >= 0,
      let start = (0...last).first(where: { json[$0...].starts(with: name.recorded) })
    else { return json }
    return json[..<start] + name.own + json[(start + name.recorded.count)...]
  }
}

/// A recording behind the ring of its replay.
struct RecordingArchive: TopicArchive {
  let reader: RecordingReader
  let made: RecordedItems
  /// The numbers that are played; the start is played before them.
  let played: ClosedRange<UInt64>

  func items(_ range: ClosedRange<UInt64>, atMost byteCount: Int) -> [TopicItem] {
    let isStart = range.lowerBound == 0
    let first = isStart ? 0 : max(range.lowerBound, played.lowerBound)
    let last = isStart && played.lowerBound > 0 ? 0 : range.upperBound
    guard first <= last else { return [] }
    let places = reader.places(of: first...last, atMost: byteCount)
    return made.items(places) { entry throws(RecordingError) in try reader.payload(of: entry) }
  }
}
