internal import HTTPTypes

extension HTTPServerMachine {
  /// Reads on until there is an event, or bytes run out.
  mutating func read() throws(ProtocolViolation) -> HTTPEvent {
    while true {
      switch reading {
      case .requestLine(let skipped):
        guard try readRequestLine(skipped) else { return .needMore }
      case .fields(let line, let section):
        guard let head = try readFields(line, section) else { return .needMore }
        return .head(head)
      case .body(let remaining): return readBody(remaining)
      case .chunkLine, .chunkData, .chunkEnd: return try readChunks()
      case .trailers(let section): return try readTrailers(section)
      case .complete:
        guard let answer, answer.isComplete else { return .paused }
        beginNextRequest(answer)
      case .upgraded: return .paused
      case .finished: return .finished
      }
    }
  }

  private mutating func beginNextRequest(_ answer: ResponseProgress) {
    reading = answer.closes ? .finished : .requestLine(skipped: 0)
    self.answer = nil
    head = nil
    hasSentContinue = false
    bodyBytes = 0
    extensionBytes = 0
  }

  private mutating func readRequestLine(_ skipped: Int) throws(ProtocolViolation) -> Bool {
    if buffer.offset == 0, buffer[0] == 0x16 { throw violation(.tlsHello) }
    guard let line = try buffer.takeLine(limit: limits.requestLine, else: .requestLineTooLong)
    else { return false }
    if line.isEmpty {
      guard skipped < limits.leadingEmptyLines else { throw violation(.requestLine) }
      reading = .requestLine(skipped: skipped + 1)
    } else {
      let parsed = try located { () throws(BrokenRule) in try RequestLine(line) }
      reading = .fields(parsed, FieldSection())
    }
    return true
  }

  private mutating func readFields(
    _ line: RequestLine, _ started: FieldSection
  ) throws(ProtocolViolation) -> RequestHead? {
    var section = started
    guard try readSection(&section) else {
      reading = .fields(line, section)
      return nil
    }
    let limits = limits
    let head = try located { () throws(BrokenRule) in
      try HeadJudge.judge(line, section, limits: limits)
    }
    self.head = head
    switch head.framing {
    case .none: reading = .body(remaining: 0)
    case .length(let length): reading = .body(remaining: length)
    case .chunked: reading = .chunkLine
    }
    return head
  }

  /// Reads field lines to the empty one; false while it has not arrived.
  private mutating func readSection(_ section: inout FieldSection) throws(ProtocolViolation) -> Bool
  {
    while true {
      guard
        let line = try buffer.takeLine(limit: section.room(limits), else: .fieldSectionTooLarge)
      else { return false }
      if line.isEmpty { return true }
      let (limits, started) = (limits, section)
      section = try located { () throws(BrokenRule) in
        var longer = started
        try longer.add(line, limits: limits)
        return longer
      }
    }
  }

  private mutating func readBody(_ remaining: Int) -> HTTPEvent {
    guard remaining > 0 else {
      reading = .complete
      return .end(trailers: [:])
    }
    guard !buffer.isEmpty else { return .needMore }
    let bytes = buffer.take(remaining)
    reading = .body(remaining: remaining - bytes.count)
    return .body(bytes)
  }

  /// Reads chunks as far as they have arrived and hands their data out in one piece.
  private mutating func readChunks() throws(ProtocolViolation) -> HTTPEvent {
    var data: [UInt8] = []
    while true {
      switch reading {
      case .chunkLine:
        guard let line = try buffer.takeLine(limit: limits.chunkLine, else: .chunkExtension) else {
          return data.isEmpty ? .needMore : .body(data)
        }
        try beginChunk(try located { () throws(BrokenRule) in try ChunkLine(line) })
      case .chunkData(let remaining):
        guard !buffer.isEmpty else { return data.isEmpty ? .needMore : .body(data) }
        let bytes = buffer.take(remaining)
        data += bytes
        reading =
          bytes.count == remaining ? .chunkEnd : .chunkData(remaining: remaining - bytes.count)
      case .chunkEnd:
        guard buffer[0] ?? 0x0d == 0x0d, buffer[1] ?? 0x0a == 0x0a else {
          throw violation(.chunkEnd)
        }
        guard buffer.count >= 2 else { return data.isEmpty ? .needMore : .body(data) }
        buffer.skip(2)
        reading = .chunkLine
      default: return data.isEmpty ? try read() : .body(data)
      }
    }
  }

  private mutating func beginChunk(_ line: ChunkLine) throws(ProtocolViolation) {
    extensionBytes += line.extensionBytes
    guard extensionBytes <= limits.chunkExtensions else { throw violation(.chunkExtension) }
    guard line.size <= limits.body - bodyBytes else { throw violation(.bodyTooLarge) }
    bodyBytes += line.size
    reading = line.size == 0 ? .trailers(FieldSection()) : .chunkData(remaining: line.size)
  }

  private mutating func readTrailers(
    _ started: FieldSection
  ) throws(ProtocolViolation) -> HTTPEvent {
    var section = started
    guard try readSection(&section) else {
      reading = .trailers(section)
      return .needMore
    }
    reading = .complete
    return .end(trailers: section.trailers)
  }
}
