internal import JSON
internal import Recordings

/// How a stored harvest stands, as answers tell it.
struct HarvestObject {
  let name: String
  let facts: JSONValue
  let files: [(name: String, bytes: Int)]
  let isShared: Bool
  let job: HarvestJob?

  private var isRunning: Bool { job?.isRunning == true }
  private var isComplete: Bool { files.contains { $0.name == HarvestFolder.index } }

  /// Prompts that are written: of whole files where nobody writes.
  private var written: Int {
    let total = Int(facts["texts"]?.integer ?? 0)
    if isComplete { return total }
    if let job, isRunning { return job.progress.texts }
    let counts = (facts["shards"]?.array ?? []).map { Int($0.integer ?? 0) }
    let whole = files.filter { $0.name.hasPrefix("harvest-") && $0.name.hasSuffix(".safetensors") }
    return whole.reduce(0) { sum, file in
      let digits = file.name.dropFirst("harvest-".count).prefix { $0 != "-" }
      let place = (Int(digits) ?? 0) - 1
      return counts.indices.contains(place) ? sum + counts[place] : sum
    }
  }

  var json: [UInt8] {
    JSONWriter.object { writer in
      writer.member("name", name)
      writer.member("status", isRunning ? "running" : isComplete ? "complete" : "partial")
      writer.member("texts_done", written)
      for member in ["model", "texts", "tokens", "bytes", "created", "hooks", "owner"] {
        writer.member(member, facts[member] ?? .null)
      }
      writer.member("shared", isShared)
      writer.member(
        "tokens_per_second", isRunning ? job?.progress.roundedTokensPerSecond : nil)
      writer.array("files") { writer in
        for file in files where !file.name.hasSuffix(".part") {
          writer.object { writer in
            writer.member("name", file.name)
            writer.member("bytes", file.bytes)
          }
        }
      }
      if let error = job?.error { writer.member("error", error.reply.event) }
    }
  }
}
