import TLS
import TLSKit
import Testing

/// Which certificates and keys are taken, and how it is said which are not.
@Suite struct TLSSettingsTests {
  private static func fault(_ certificates: [UInt8], _ key: [UInt8]) -> TLSFault? {
    do throws(TLSFault) {
      _ = try TLSSettings(certificates: certificates, key: key)
      return nil
    } catch {
      return error
    }
  }

  @Test func `the time that a certificate holds is told`() throws {
    let settings = try TestIdentity(hours: -1...48).settings()
    #expect((-3700 ... -3500).contains(settings.secondsToBegin))
    #expect((172_000...172_900).contains(settings.secondsToEnd))
    let old = try TestIdentity(hours: -48 ... -24).settings()
    #expect((-87_000 ... -86_000).contains(old.secondsToEnd))
  }

  @Test func `certificate and key may be in one text, in any order`() throws {
    let identity = try TestIdentity()
    let both = identity.key + identity.certificate
    #expect(Self.fault(both, both) == nil)
    #expect(Self.fault(identity.certificate + identity.key, both) == nil)
  }

  @Test func `RSA keys are taken too, but not short ones`() throws {
    let good = try TestIdentity(rsaBits: 2048)
    #expect(Self.fault(good.certificate, good.key) == nil)
    let short = try TestIdentity(rsaBits: 512)
    #expect(
      Self.fault(short.certificate, short.key) == .certificate(reason: "ee key too small"))
  }

  @Test func `what is no certificate is refused`() throws {
    let identity = try TestIdentity()
    let missing = TLSFault.certificate(reason: "it has no -----BEGIN CERTIFICATE-----")
    for text in ["", "hello", "\0\0\0", "-----BEGIN CERT"] {
      #expect(Self.fault(Array(text.utf8), identity.key) == missing)
    }
    #expect(Self.fault(identity.key, identity.key) == missing)
    var damaged = identity.certificate
    damaged[200] = damaged[200] == 0x41 ? 0x42 : 0x41
    damaged.replaceSubrange(100..<104, with: Array("####".utf8))
    guard case .certificate(let reason)? = Self.fault(damaged, identity.key) else {
      Issue.record("a damaged certificate is taken")
      return
    }
    #expect(!reason.isEmpty)
  }

  @Test func `a chain is read to its end`() throws {
    let identity = try TestIdentity()
    var second = try TestIdentity("second.test").certificate
    second.replaceSubrange(100..<104, with: Array("####".utf8))
    guard case .certificate? = Self.fault(identity.certificate + second, identity.key) else {
      Issue.record("a damaged second certificate is overlooked")
      return
    }
  }

  @Test func `what is no key is refused`() throws {
    let identity = try TestIdentity()
    for text in [[], Array("hello".utf8), identity.certificate] {
      guard case .key(let reason)? = Self.fault(identity.certificate, text) else {
        Issue.record("\(String(decoding: text, as: UTF8.self)) is taken for a key")
        continue
      }
      #expect(reason == "it has no -----BEGIN PRIVATE KEY-----")
    }
    #expect(
      Self.fault(identity.certificate, identity.key(passphrase: "abc")) == .encryptedKey)
  }

  @Test func `the key of another certificate is refused`() throws {
    let (one, other) = (try TestIdentity(), try TestIdentity())
    #expect(Self.fault(one.certificate, other.key) == .otherKey)
    #expect(Self.fault(one.certificate, try TestIdentity(rsaBits: 2048).key) == .otherKey)
    // The leaf comes first: a key that fits another one of the chain does not help.
    #expect(Self.fault(one.certificate + other.certificate, other.key) == .otherKey)
  }
}
