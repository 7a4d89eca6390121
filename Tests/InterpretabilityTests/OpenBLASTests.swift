import Engine
import Testing

@testable import Interpretability

@Suite struct `The library of OpenBLAS` {
  @Test(arguments: [
    ("libnothing.so.9", "libnothing.so.9: cannot open shared object file"),
    ("libz.so.1", "it has no openblas_set_num_threads"),
  ])
  func `is refused with the system's reason where it is not to be had`(
    name: String, reason: String
  ) throws {
    guard
      case .failure(.noLibrary(name, package: "libopenblas0", reason: let found)) =
        OpenBLAS.open(name)
    else {
      Issue.record("\(name) was opened")
      return
    }
    #expect(found.hasPrefix(reason))
  }

  @Test func `is opened by the name that Debian's package gives it`() throws {
    try OpenBLAS.check()
    let product = OpenBLAS.product(
      Matrix(rows: 1, columns: 2, [1, 2]), Matrix(rows: 2, columns: 1, [3, 4]))
    #expect(product.values == [11])
  }
}
