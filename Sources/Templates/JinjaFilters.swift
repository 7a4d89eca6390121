/// The names of the filters after `|`.
enum JinjaFilters {
  /// Names that the parser lets through; `JinjaInterpreter.apply` knows each of them.
  static let names: Set<String> = [
    "abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first",
    "float", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max",
    "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr",
    "sort", "string", "sum", "title", "tojson", "trim", "unique", "upper",
  ]
}
