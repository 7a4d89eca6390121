internal import Frames
internal import JSON
internal import Recordings
internal import Runs
internal import Tokenizers

/// The tokens of a recorded run: its prompt's, and those that were made and not taken back.
struct RecordedText: Sendable {
  let prompt: [Token]
  private(set) var made: [Token] = []

  /// - Throws: where passes read something else than the tokens say: of a fork, of a run that was changed, of a job; and where
  ///   a record can't be read.
  init(_ reader: RecordingReader) throws(Refusal) {
    var prompt: [Token]?
    for (index, entry) in reader.entries.enumerated() {
      let payload: [UInt8]
      switch entry.type {
      case .request, .change, .event:
        do throws(RecordingError) { payload = try reader.payload(index) } catch {
          throw .recording(error)
        }
      case .metadata, .frame, .index: continue
      }
      guard let json = try? JSONValue(parsing: payload) else { continue }
      switch entry.type {
      case .request: try Self.check(request: json)
      case .change:
        guard json["change"]?.string != "intervene" else { throw Self.changed }
      default:
        switch EventType(rawValue: json["type"]?.string ?? "") {
        case .runStarted: prompt = json["prompt"]?["token_ids"]?.array?.compactMap(Self.token)
        case .token: if let token = json["token_id"].flatMap(Self.token) { made.append(token) }
        case .runRewound:
          let last = Int(clamping: json["to_step"]?.integer ?? 0)
          made.removeLast(max(0, made.count - 1 - max(0, min(last, made.count))))
        default: break
        }
      }
    }
    guard let prompt, !prompt.isEmpty else {
      throw .conflict(fields: ["run_id"], reason: "the recording tells of no prompt")
    }
    self.prompt = prompt
  }

  private static func token(_ json: JSONValue) -> Token? {
    json.integer.flatMap { Token(exactly: $0) }
  }

  private static func check(request: JSONValue) throws(Refusal) {
    if request["fork"] != nil {
      throw .conflict(
        fields: ["run_id"],
        reason:
          "the recording is of a fork, and what came before it is in its parent's; send the tokens instead"
      )
    }
    if request["analysis"] != nil {
      throw .conflict(
        fields: ["run_id"], reason: "the recording is of a job, which made no tokens")
    }
    guard request["interventions"]?.array?.isEmpty ?? true else { throw changed }
  }

  private static let changed = Refusal.conflict(
    fields: ["run_id"],
    reason:
      "the recorded run's passes were changed by interventions, and a graph is of the model as it is; "
      + "send its tokens instead")
}
