/// All values of one metric at one moment.
package struct MetricFamily: Sendable, Equatable {
  /// What the numbers are.
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  /// One line: what stands behind the name, the labels, and the number.
  package struct Sample: Sendable, Equatable {
    package var suffix = ""
    package var labels: [Label]
    package var value: Double
  }

  /// A name and a value that tell one line of a metric from another.
  package struct Label: Sendable, Hashable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Such as `neuroscope_runs`; a counter's ends in `_total`, durations are in seconds.
  package let name: String
  /// One sentence.
  package let help: String
  package let kind: Kind
  package var samples: [Sample]

  /// A gauge or a counter that somebody else keeps, read now.
  package init(
    _ kind: Kind, _ name: String, _ help: String, _ values: [(labels: [Label], value: Double)]
  ) {
    self.name = name
    self.help = help
    self.kind = kind
    samples = values.map { Sample(labels: $0.labels, value: $0.value) }
  }

  /// One number without labels.
  package init(_ kind: Kind, _ name: String, _ help: String, _ value: Double) {
    self.init(kind, name, help, [([], value)])
  }
}
