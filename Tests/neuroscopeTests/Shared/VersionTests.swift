import API
import Tensors
import Testing

@testable import neuroscope

@Suite struct VersionTests {
  @Test func `the first line is the version alone, the others tell the commit and the kernels`() {
    let lines = NeuroScope.version.split(separator: "\n")
    #expect(lines.first.map(String.init) == Version.text)
    #expect(lines.dropFirst().map { $0.prefix { $0 != ":" } } == ["commit", "kernels"])
    #expect(lines.last?.contains(InstructionSet.best.rawValue) == true)
  }
}
