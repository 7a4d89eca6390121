package import JSON
internal import Synchronization

/// Writes a harvest prompt by prompt, and goes on where an earlier writer stopped.
///
/// A shard grows as a `.part` whose header is there from the beginning, so that its size tells which prompts are whole; it
/// gets its name when it is complete.
package final class HarvestWriter: Sendable {
  private struct State {
    /// The prompt that is written next.
    var next: Int
    var open: Open?
  }

  /// The shard that is being written.
  private struct Open {
    let place: Int
    let file: RecordingFile
    var offset: Int
  }

  private let folder: HarvestFolder
  private let path: String
  private let plan: HarvestPlan
  private let state: Mutex<State>

  /// Begins a harvest or takes it up.
  ///
  /// - Parameters:
  ///   - facts: what was asked for.
  ///   - tokens: the file of the prompts' tokens.
  ///   - same: members of the facts in which a harvest that is taken up has to be the same.
  package init(
    _ name: String, in folder: HarvestFolder, plan: HarvestPlan, facts: JSONValue,
    tokens: [UInt8], same: [String]
  ) throws(HarvestFileError) {
    self.folder = folder
    self.plan = plan
    path = try folder.open(name, facts: facts, tokens: tokens, same: same)
    state = Mutex(State(next: 0))
    let found = try takeUp()
    state.withLock { $0 = found }
  }

  /// The prompt that is written next; as many as there are once all are there.
  package var next: Int { state.withLock(\.next) }

  /// Finds the first prompt that is not written: behind whole shards, within one that is not.
  private func takeUp() throws(HarvestFileError) -> State {
    for (place, shard) in plan.shards.enumerated() {
      let file = "\(path)/\(plan.fileName(place))"
      if isRegularFile(file) { continue }
      let (head, ends) = plan.head(of: place)
      let opened = try harvesting(path) { () throws(RecordingError) -> (Int, Open) in
        let part = try RecordingFile(path: file + HarvestFolder.part, .extend)
        let size = try part.size()
        let isBegun = try part.read(at: 0, count: head.count) == head
        if !isBegun {
          try part.truncate(to: 0)
          try part.write(head, at: 0)
        }
        let whole = isBegun ? ends.prefix { head.count + $0 <= size }.count : 0
        let offset = head.count + (whole > 0 ? ends[whole - 1] : 0)
        try part.truncate(to: offset)
        return (shard.prompts.lowerBound + whole, Open(place: place, file: part, offset: offset))
      }
      if opened.0 < shard.prompts.upperBound { return State(next: opened.0, open: opened.1) }
      try close(opened.1)
    }
    return State(next: plan.promptCount)
  }

  /// Writes the tensors of a prompt, in the order of the plan; prompts come in their order, and one that is there is left
  /// as it is.
  package func append(_ prompt: Int, _ tensors: [[UInt8]]) throws(HarvestFileError) {
    let result = state.withLock { state in
      Result { () throws(HarvestFileError) in try append(prompt, tensors, &state) }
    }
    try result.get()
  }

  private func append(
    _ prompt: Int, _ tensors: [[UInt8]], _ state: inout State
  ) throws(HarvestFileError) {
    if state.open == nil { state = try takeUp() }
    guard var open = state.open, prompt == state.next else { return }
    let planned = plan.tensors(state.next)
    for (place, tensor) in planned.enumerated()
    where !tensors.indices.contains(place) || tensors[place].count != tensor.byteCount {
      throw .unplanned(tensor: HarvestPlan.fullName(tensor, of: state.next))
    }
    guard planned.count == tensors.count else { throw .unplanned(tensor: "\(state.next)") }
    try harvesting(path) { () throws(RecordingError) in
      for bytes in tensors {
        try open.file.write(bytes, at: open.offset)
        open.offset += bytes.count
      }
    }
    state.open = open
    state.next += 1
    if state.next == plan.shards[open.place].prompts.upperBound {
      try close(open)
      state.open = nil
    }
  }

  private func close(_ shard: Open) throws(HarvestFileError) {
    let file = "\(path)/\(plan.fileName(shard.place))"
    try harvesting(path) { () throws(RecordingError) in
      try shard.file.synchronise()
      try renameFile(file + HarvestFolder.part, to: file)
    }
  }

  /// Writes the index, once all prompts are there.
  package func finish() throws(HarvestFileError) {
    try folder.write(plan.index(), HarvestFolder.index, in: path)
  }
}
