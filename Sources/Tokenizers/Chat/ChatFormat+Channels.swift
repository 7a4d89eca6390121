extension ChatFormat {
  /// Whether answers come in channels (thought, answer, calls) that only ``makeOutputParser()`` tells apart.
  package var writesChannels: Bool { if case .harmony = kind { true } else { false } }
}
