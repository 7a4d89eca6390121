package import Engine
internal import Hooks
internal import OrderedCollections
internal import Synchronization
internal import Tokenizers
package import Runs

/// The named set of hooks registered per model; they apply to a run only when it asks for them.
package final class RegisteredHooks: Sendable {
  private let sets = Mutex<[String: OrderedDictionary<String, Fields>]>([:])

  package init() {}

  /// Registers all or, where one is wrong, none; an id that is taken is replaced.
  ///
  /// - Returns: the ids, in the order of the request.
  package func register(_ list: [Fields], for model: LoadedModel) throws(Refusal) -> [String] {
    let reader = HookReader(model.catalogue)
    _ = try reader.orders(list)
    var ids: [String] = []
    for fields in list {
      if let id = try reader.orders(of: fields).first?.spec.hookID { ids.append(id) }
    }
    let named = Array(zip(ids, list))
    sets.withLock { sets in
      for (id, fields) in named { sets[model.info.id, default: [:]][id] = fields }
    }
    return ids
  }

  /// The hooks of a model, in order of registration.
  package func hooks(of model: String) -> [(id: String, fields: Fields)] {
    sets.withLock { $0[model]?.map { (id: $0.key, fields: $0.value) } ?? [] }
  }

  /// Forgets the hooks of a model, or of all.
  package func clear(_ model: String?) {
    sets.withLock { sets in
      if let model { sets[model] = nil } else { sets.removeAll() }
    }
  }

  /// A request's own hooks, behind the registered ones where it wants them; an own hook replaces a registered one of
  /// its id.
  package func orders(
    with own: [Fields], of model: LoadedModel, usesRegistered: Bool
  ) throws(Refusal) -> [HookOrder] {
    try HookReader(model.catalogue).orders(
      fields(with: own, of: model, usesRegistered: usesRegistered))
  }

  /// The same as they were written.
  package func fields(
    with own: [Fields], of model: LoadedModel, usesRegistered: Bool
  ) throws(Refusal) -> [Fields] {
    guard usesRegistered else { return own }
    let registered = hooks(of: model.info.id)
    guard !registered.isEmpty || !own.isEmpty else {
      throw .noRegisteredHooks(model: model.info.id)
    }
    let taken = Set(try HookReader(model.catalogue).orders(own).map(\.spec.hookID))
    return registered.filter { !taken.contains($0.id) }.map(\.fields) + own
  }
}
