/// The formats that can be opened; a new one is a file and a line here.
enum WeightFormats {
  static let all: [any WeightFormat.Type] = [GGUFFormat.self, SafetensorsFormat.self]
}
