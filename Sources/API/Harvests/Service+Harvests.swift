internal import Engine
internal import HTTP
internal import JSON
internal import Recordings
internal import Runs

/// Harvests that are kept in files.
extension Service {
  /// Members of a harvest's facts in which a request that goes on with it has to be the same.
  private static let same = ["model", "model_hash", "hooks", "shard_bytes", "owner"]

  private func harvestFolder() throws(Refusal) -> HarvestFolder {
    guard let path = options.harvestsDirectory else { throw .harvestsDisabled }
    return HarvestFolder(path: path)
  }

  /// Begins a harvest of a name, or goes on with it at the first prompt that is not written.
  ///
  /// - Parameter shardBytes: bytes of tensors in a file.
  /// - Returns: how it stands.
  func startHarvest(
    _ order: HarvestOrder, name: String, shardBytes: Int
  ) async throws(Refusal) -> [UInt8] {
    try require(.record)
    let folder = try harvestFolder()
    let place = try takePlace(.computed(isPaused: false))
    let hash: String
    do { hash = try await order.model.digest.value() } catch { throw .engine(error) }
    let plan = try await files.perform { () throws(Refusal) in
      try refusing { () throws(HarvestFileError) in _ = try folder.folder(of: name) }
      return order.plan(shardBytes: shardBytes)
    }
    if let known = harvests[name], !Caller.current.sees(known.owner) {
      throw .harvestFile(.ofAnotherKey(name))
    }
    let job = HarvestJob(name, order, byteCount: plan.byteCount)
    try harvests.claim(job)
    do throws(Refusal) {
      let writer = try await writer(of: job, order, plan, folder, hash: hash, shardBytes)
      let progress = HarvestProgress(order, from: writer.next)
      job.run(
        from: progress,
        Task {
          await write(order, to: writer, of: job, from: progress.texts)
          // Held until here.
          _ = place
        })
    } catch {
      job.end(error)
      harvests.forget(job)
      throw error
    }
    return try await harvest(name)
  }

  private func writer(
    of job: HarvestJob, _ order: HarvestOrder, _ plan: HarvestPlan, _ folder: HarvestFolder,
    hash: String, _ shardBytes: Int
  ) async throws(Refusal) -> HarvestWriter {
    let (harvests, limit, created) = (harvests, options.harvestsLimit, clock)
    let caller = Caller.current
    return try await files.perform { () throws(Refusal) in
      let used = try refusing { () throws(HarvestFileError) in
        try folder.used(except: job.name)
      }
      try harvests.check(job, beside: used, limit: limit)
      let known = try? folder.facts(of: job.name)
      let owner = known.map { $0["owner"]?.string } ?? caller.name
      guard owner == nil || caller.owns(key: owner) else {
        throw .harvestFile(.ofAnotherKey(job.name))
      }
      var members = order.facts(modelHash: hash).members ?? []
      members += [
        .init("bytes", JSONValue(plan.byteCount)),
        .init("shard_bytes", JSONValue(shardBytes)),
        .init("shards", .array(plan.promptCounts.map { JSONValue($0) })),
        .init("created", JSONValue(created)),
      ]
      if let owner { members.append(.init("owner", .string(owner))) }
      let facts = JSONValue(members: members)
      return try refusing { () throws(HarvestFileError) in
        try HarvestWriter(
          job.name, in: folder, plan: plan, facts: facts, tokens: order.tokenFile,
          same: Self.same)
      }
    }
  }

  private func write(
    _ order: HarvestOrder, to writer: HarvestWriter, of job: HarvestJob, from first: Int
  ) async {
    do throws(HarvestError) {
      try await Harvest(order, on: engine, framers: framers, tracer: tracer).run(from: first) {
        prompt in
        let tensors = try prompt.stored()
        try await files.perform { () throws(Refusal) in
          try refusing { () throws(HarvestFileError) in try writer.append(prompt.index, tensors) }
        }
        job.note(prompt.index)
      }
    } catch {
      return job.end(.harvest(error))
    }
    do throws(Refusal) {
      try await files.perform { () throws(Refusal) in
        try refusing { () throws(HarvestFileError) in try writer.finish() }
      }
      job.end(nil)
      harvests.forget(job)
    } catch {
      job.end(error)
    }
  }

  // MARK: Those that are there

  /// Every harvest that the caller may see.
  func allHarvests() async throws(Refusal) -> [[UInt8]] {
    let folder = try harvestFolder()
    let names = try await files.perform { () throws(Refusal) in
      try refusing { () throws(HarvestFileError) in try folder.names() }
    }
    var all: [[UInt8]] = []
    for name in names {
      // One may be taken away meanwhile, and those of other keys are not there.
      if let one = try? await harvest(name) { all.append(one) }
    }
    return all
  }

  /// What was asked of a harvest that the caller may see, or change.
  private func facts(
    _ name: String, in folder: HarvestFolder, changing: Bool = false
  ) async throws(Refusal) -> JSONValue {
    let caller = Caller.current
    return try await files.perform { () throws(Refusal) in
      let facts = try refusing { () throws(HarvestFileError) in try folder.facts(of: name) }
      let owner = facts["owner"]?.string
      guard caller.sees(key: owner) || folder.isShared(name) else {
        throw .harvestFile(.notFound(name))
      }
      guard !changing || caller.sees(key: owner) else {
        throw .ofAnotherKey("Harvest \(name)")
      }
      return facts
    }
  }

  /// How a harvest stands.
  func harvest(_ name: String) async throws(Refusal) -> [UInt8] {
    let folder = try harvestFolder()
    let facts = try await facts(name, in: folder)
    let (found, isShared) = try await files.perform { () throws(Refusal) in
      try refusing { () throws(HarvestFileError) in
        (try folder.files(of: name), folder.isShared(name))
      }
    }
    return HarvestObject(
      name: name, facts: facts, files: found, isShared: isShared, job: harvests[name]
    ).json
  }

  /// Lets every key with the scope see a harvest, or its own alone.
  func shareHarvest(_ name: String, _ isShared: Bool) async throws(Refusal) {
    let folder = try harvestFolder()
    _ = try await facts(name, in: folder, changing: true)
    try await files.perform { () throws(Refusal) in
      try refusing { () throws(HarvestFileError) in try folder.share(name, isShared) }
    }
  }

  /// A file of a harvest, to be sent in pieces.
  func harvestFile(_ name: String, _ file: String) async throws(Refusal) -> HarvestCopy {
    let folder = try harvestFolder()
    _ = try await facts(name, in: folder)
    return try await files.perform { () throws(Refusal) in
      try refusing { () throws(HarvestFileError) in try folder.copy(of: name, file) }
    }
  }

  /// Ends a harvest that is being written, and removes one that is not.
  ///
  /// - Returns: what became of it.
  func deleteHarvest(_ name: String) async throws(Refusal) -> String {
    let folder = try harvestFolder()
    _ = try await facts(name, in: folder, changing: true)
    if let job = harvests[name], job.isRunning {
      await job.cancel()
      return "cancelled"
    }
    try await files.perform { () throws(Refusal) in
      try refusing { () throws(HarvestFileError) in try folder.remove(name) }
    }
    if let job = harvests[name] { harvests.forget(job) }
    return "deleted"
  }
}

/// Does something with a harvest's files; what it cannot do is refused.
private func refusing<Answer>(
  _ body: () throws(HarvestFileError) -> Answer
) throws(Refusal) -> Answer {
  do { return try body() } catch { throw .harvestFile(error) }
}
