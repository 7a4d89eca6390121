/// Prints rows: a table for people, or a JSON object per line.
struct BenchReport {
  let console: Console
  let isJSON: Bool
  let suite: String
  let machine: BenchMachine
  /// What the rows have in common: model, threads, numerics.
  let setting: [String: String]

  private struct Line: Encodable {
    let suite: String
    let row: BenchRow
    let setting: [String: String]
    let machine: BenchMachine
  }

  /// Says what is measured and where.
  func begin() {
    guard !isJSON else { return }
    console.line(machine.line)
    console.line(
      setting.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    if machine.build == "debug" {
      console.note("This is a debug build; build with -c release for figures that mean something.")
    }
    console.line()
    console.line(
      "what".padded(to: 44) + "median".leftPadded(to: 9) + "min".leftPadded(to: 9)
        + "max".leftPadded(to: 9) + "  unit")
  }

  func show(_ row: BenchRow) throws {
    if isJSON {
      return try console.json(Line(suite: suite, row: row, setting: setting, machine: machine))
    }
    var text = row.name.padded(to: 44)
    for number in [row.median, row.minimum, row.maximum] {
      text += Figures.short(number).leftPadded(to: 9)
    }
    text += "  " + row.unit
    if let ratio = row.ratio, let against = row.against {
      text += "   × \(Figures.short(ratio)) of \(against)"
    }
    console.line(text)
  }

  /// A remark below the table.
  func remark(_ text: String) {
    if !isJSON { console.line(text) }
  }
}
