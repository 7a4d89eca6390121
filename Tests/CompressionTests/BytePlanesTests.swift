import TestKit
import Testing

@testable import Compression

@Suite struct BytePlanesTests {
  @Test(arguments: [2, 4], [0, 1, 7, 8, 15, 16, 17, 31, 33, 255, 257])
  func `planes hold the bytes of equal significance and merge back`(width: Int, count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let input = generator.bytes(width * count)
    var planes = [UInt8](repeating: 0, count: input.count)
    var output = planes
    input.withUnsafeBytes { source in
      planes.withUnsafeMutableBytes { BytePlanes.split(source, width: width, into: $0) }
    }
    for index in input.indices {
      #expect(planes[index % width * count + index / width] == input[index])
    }
    planes.withUnsafeBytes { source in
      output.withUnsafeMutableBytes { BytePlanes.merge(source, width: width, into: $0) }
    }
    #expect(output == input)
  }
}

@Suite struct CRC32Tests {
  @Test func `the check value of the polynomial is met`() {
    #expect(CRC32.of(Array("123456789".utf8)) == 0xcbf4_3926)
    #expect(CRC32.of([]) == 0)
  }

  @Test func `a checksum in pieces equals one in whole`() {
    var generator = SeededGenerator(seed: 3)
    let input = generator.bytes(1000)
    for cut in [0, 1, 500, 999, 1000] {
      var running = CRC32()
      input[..<cut].withUnsafeBytes { running.update($0) }
      input[cut...].withUnsafeBytes { running.update($0) }
      #expect(running.value == CRC32.of(input))
    }
  }
}
