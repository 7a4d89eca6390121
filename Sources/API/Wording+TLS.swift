package import HTTP

extension CertificateError {
  /// What is wrong, for whoever keeps the files.
  package var sentence: String {
    switch self {
    case .library(let reason):
      "TLS needs OpenSSL 3 (libssl.so.3), which can't be used here: \(reason); Debian and Ubuntu have it as the package libssl3"
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .tooLarge(let path, let limit): "\(path) has more than \(limit) bytes"
    case .certificate(let path, let reason):
      "\(path) is no certificate that can be used: \(reason); it must be PEM, the server's own first"
    case .key(let path, let reason): "\(path) is no key that can be used: \(reason); it must be PEM"
    case .encryptedKey(let path):
      "\(path): the key wants a passphrase, and nobody is there to be asked; give it without one, readable by the server alone"
    case .otherKey(let path, let certificate):
      "the key in \(path) is not that of the certificate in \(certificate)"
    case .memory: "there is no memory for TLS"
    }
  }
}
