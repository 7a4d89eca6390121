package import HTTPTypes

extension ProtocolViolation {
  /// Every way to break HTTP/1.1 (RFC 9112) or WebSocket (RFC 6455, RFC 7692) that a machine can see.
  package enum Rule: String, Hashable, Sendable, CaseIterable {
    // Lines and the request line.
    case bareCarriageReturn, bareLineFeed, controlCharacter
    /// The first byte of TLS (RFC 8446, section 5.1), where HTTP begins.
    case tlsHello
    case requestLine, method, version, unsupportedVersion, requestLineTooLong
    case target, targetEncoding
    // Fields.
    case fieldName, fieldValue, fieldFolding, fieldSectionTooLarge, tooManyFields
    case missingHost, repeatedHost, host, unknownExpectation
    // Framing of the body.
    case contentLength, repeatedContentLength, lengthAndCoding, transferCoding,
      unknownTransferCoding
    case codingInOldVersion, bodyTooLarge, chunkSize, chunkExtension, chunkEnd, trailer
    case truncatedMessage
    // WebSocket frames.
    case reservedBits, unknownOpcode, unmaskedFrame, longLengthForm, hugeLength
    case controlTooLong, fragmentedControl, unexpectedContinuation, interruptedMessage
    case messageTooLarge, tooManyFragments, invalidText, closeCodeValue, closePayload
    case compressedControl, compression
  }
}

extension ProtocolViolation.Rule {
  /// The status of the answer to a request that broke this rule (RFC 9110, section 15).
  package var status: HTTPResponse.Status {
    switch self {
    case .unknownTransferCoding: .notImplemented
    case .unsupportedVersion: .httpVersionNotSupported
    case .requestLineTooLong: .uriTooLong
    case .fieldSectionTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
    case .bodyTooLarge, .messageTooLarge, .hugeLength: .contentTooLarge
    case .unknownExpectation: .expectationFailed
    default: .badRequest
    }
  }

  /// The code of the close frame that answers this rule's breach (RFC 6455, section 7.4.1).
  package var closeCode: WebSocketCloseCode {
    switch self {
    case .invalidText: .invalidPayload
    case .messageTooLarge, .tooManyFragments: .messageTooBig
    case .compression: .invalidPayload
    default: .protocolError
    }
  }
}
