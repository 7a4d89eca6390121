/// Who asks: what work is shared out by, so that nobody stands behind all the work of somebody else.
///
/// A request's key is where its peer connects from; whatever is done on its behalf finds it in ``current``, which tasks
/// inherit.
package struct ClientKey: Hashable, Sendable {
  /// The address without a port, or another name that all work of one client shares.
  package let name: String

  package init(_ name: String) { self.name = name }

  /// Work of the program itself.
  package static let own = ClientKey("")

  /// The client that the task under way works for.
  @TaskLocal package static var current = ClientKey.own
}
