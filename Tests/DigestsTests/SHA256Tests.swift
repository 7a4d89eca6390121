import Digests
import Testing

struct SHA256Tests {
  /// FIPS 180-4's examples and the edges of a block.
  static let vectors: [(text: String, digest: String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]

  @Test(arguments: vectors)
  func `hashes the standard's examples`(_ vector: (text: String, digest: String)) {
    var hash = SHA256()
    hash.update(vector.text)
    #expect(hash.hex() == vector.digest)
  }

  @Test func `takes bytes in pieces of any length`() {
    let text = String(repeating: "0123456789", count: 40)
    var whole = SHA256()
    whole.update(text)
    for size in [1, 3, 63, 64, 65, 129] {
      var pieces = SHA256()
      var rest = Substring(text)
      while !rest.isEmpty {
        pieces.update(String(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      #expect(pieces.hex() == whole.hex(), "pieces of \(size)")
    }
  }

  @Test func `goes on after a digest was asked for`() {
    var hash = SHA256()
    hash.update("a")
    _ = hash.hex()
    hash.update("bc")
    #expect(hash.hex() == Self.vectors[1].digest)
  }
}
