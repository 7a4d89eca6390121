extension HookCatalogue {
  /// The component that a layer's name means by itself: TransformerLens's names are of one tensor each, and some modules
  /// have one.
  ///
  /// - Returns: nil where the name is of several components, or of nothing.
  package func component(of layerName: String) -> String? {
    guard let components = LayerName(layerName)?.module.components, components.count == 1 else {
      return nil
    }
    return components.first?.rawValue
  }
}
