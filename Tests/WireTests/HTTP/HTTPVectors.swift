import Testing

/// One line of `HTTPVectors.table`: a name, bytes with `\r \n \t \xNN` escapes, the transcript.
struct HTTPVector: CustomTestStringConvertible, Sendable {
  var name: String
  var bytes: [UInt8]
  var transcript: [String]

  var testDescription: String { name }

  init(_ line: Substring) {
    let parts = line.split(separator: "|", maxSplits: 2).map { $0.trimmingBlanks }
    name = parts[0]
    bytes = Self.unescape(parts[1])
    transcript = parts[2].split(separator: "; ").map { $0.trimmingBlanks }
  }

  static func unescape(_ text: String) -> [UInt8] {
    var output: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        output.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "r"): output.append(0x0d)
      case UInt8(ascii: "n"): output.append(0x0a)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "s"): output.append(0x20)
      case UInt8(ascii: "p"): output.append(UInt8(ascii: "|"))
      case UInt8(ascii: "x"):
        output.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
      case UInt8(ascii: "H"): output += "Host: h\r\n".utf8
      case let other: output.append(other ?? UInt8(ascii: "\\"))
      }
    }
    return output
  }

  static let all: [HTTPVector] = table.split(separator: "\n").filter {
    !$0.isEmpty && !$0.hasPrefix("#")
  }.map { HTTPVector($0) }

  /// Requests and what is read from them.
  ///
  /// `\H` is a whole `Host: h` line; `!` is the rule broken and the status it suggests.
  static let table = #"""
    # Plain use
    get | GET /a/b HTTP/1.1\r\n\H\r\n | GET /a/b; end
    root | GET / HTTP/1.1\r\n\H\r\n | GET /; end
    odd spelling | GET / HTTP/1.1\r\nhOsT:h\r\nX:\t a \t\r\nEmpty:\r\n\r\n | GET /; end
    leading empty lines | \r\n\r\nGET / HTTP/1.1\r\n\H\r\n | GET /; end
    too many empty lines | \r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\H\r\n | ! requestLine 400
    old version | GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n | GET / 1.0 close; end; finished
    old version kept alive | GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n | GET / 1.0; end; GET /b 1.0 close; end; finished
    close | GET / HTTP/1.1\r\n\HConnection: foo, CLOSE\r\n\r\nGET / HTTP/1.1\r\n\H\r\n | GET / close; end; finished
    pipeline | GET /1 HTTP/1.1\r\n\H\r\nHEAD /2 HTTP/1.1\r\n\H\r\nGET /3 HTTP/1.1\r\n\H\r\n | GET /1; end; HEAD /2; end; GET /3; end
    later minor version | GET / HTTP/1.2\r\n\H\r\n | GET /; end
    value of foreign bytes | GET / HTTP/1.1\r\n\HX: a\xffb\xc3\x28\r\n\r\n | GET /; end
    upgrade | GET / HTTP/1.1\r\n\HConnection: x, UPGRADE\r\nUpgrade: websocket, foo/9\r\n\r\n | GET / upgrade:websocket,foo/9; end
    upgrade unlisted | GET / HTTP/1.1\r\n\HUpgrade: websocket\r\n\r\n | GET /; end
    # Bodies
    length | POST / HTTP/1.1\r\n\HContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\H\r\n | POST /; body hello; end; GET /; end
    length zero | POST / HTTP/1.1\r\n\HContent-Length: 0\r\n\r\n | POST /; end
    length zeros | POST / HTTP/1.1\r\n\HContent-Length: 000000000000000000000000000005\r\n\r\nhello | POST /; body hello; end
    body of a get | GET / HTTP/1.1\r\n\HContent-Length: 3\r\n\r\nGETGET /b HTTP/1.1\r\n\H\r\n | GET /; body GET; end; GET /b; end
    chunks | POST / HTTP/1.1\r\n\HTransfer-Encoding: ChUnKeD\r\n\r\n3\r\nhel\r\n02\r\nlo\r\n0\r\n\r\n | POST /; body hello; end
    chunk extensions | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5;a=b;c="d;e\\"f";g\r\nhello\r\n0;x\r\n\r\n | POST /; body hello; end
    trailers | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: v\r\nContent-Length: 9\r\nHost: evil\r\nX-U:w\r\n\r\n | POST /; end X-T=v X-U=w
    expect | POST / HTTP/1.1\r\n\HExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nab | POST / continue; body ab; end
    expect without body | GET / HTTP/1.1\r\n\HExpect: 100-continue\r\n\r\n | GET /; end
    expect in 1.0 | POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab | POST / 1.0 close; body ab; end; finished
    expect something else | POST / HTTP/1.1\r\n\HExpect: 200-ok\r\nContent-Length: 2\r\n\r\nab | ! unknownExpectation 417
    # Request line
    method unknown | BREW / HTTP/1.1\r\n\H\r\n | BREW /; end
    method lower case | get / HTTP/1.1\r\n\H\r\n | get /; end
    method connect | CONNECT h:80 HTTP/1.1\r\n\H\r\n | ! target 400
    method trace | TRACE / HTTP/1.1\r\n\H\r\n | TRACE /; end
    method character | G@T / HTTP/1.1\r\n | ! method 400
    method empty | \s/ HTTP/1.1\r\n\H\r\n | ! requestLine 400
    two spaces | GET  / HTTP/1.1\r\n\H\r\n | ! requestLine 400
    tabs | GET\t/\tHTTP/1.1\r\n\H\r\n | ! requestLine 400
    trailing space | GET / HTTP/1.1 \r\n\H\r\n | ! requestLine 400
    vertical tab | GET\x0b/\x0cHTTP/1.1\r\n\H\r\n | ! controlCharacter 400
    no version | GET /\r\n\r\n | ! requestLine 400
    only line feeds | \n\n\n\nGET / HTTP/1.1\r\n\H\r\n | ! bareLineFeed 400
    version 2 | GET / HTTP/2.0\r\n\H\r\n | ! unsupportedVersion 505
    version 0.9 | GET / HTTP/0.9\r\n\H\r\n | ! unsupportedVersion 505
    version lower case | GET / http/1.1\r\n\H\r\n | ! version 400
    version short | GET / HTTP/1\r\n\H\r\n | ! version 400
    version 1.10 | GET / HTTP/1.10\r\n\H\r\n | ! version 400
    version sign | GET / HTTP/+1.1\r\n\H\r\n | ! version 400
    h2 preface | PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n | ! unsupportedVersion 505
    tls hello | \x16\x03\x01\x00\xa5\x01 | ! tlsHello 400
    # Targets
    query | GET /a?x=1&y=b%20c+d&flag&=v HTTP/1.1\r\n\H\r\n | GET /a ?x=1&y=b c d&flag=&=v; end
    decoded | GET /%61/%e2%82%ac%2f HTTP/1.1\r\n\H\r\n | GET /a/€/; end
    odd path | GET //./a;b=c/ HTTP/1.1\r\n\H\r\n | GET //./a;b=c/; end
    star | OPTIONS * HTTP/1.1\r\n\H\r\n | OPTIONS *; end
    star of get | GET * HTTP/1.1\r\n\H\r\n | ! target 400
    absolute | GET http://other:80/a?b HTTP/1.1\r\n\H\r\n | GET /a ?b=; end
    absolute without path | GET HTTPS://h?q HTTP/1.1\r\n\H\r\n | GET / ?q=; end
    absolute without host | GET http://h/ HTTP/1.1\r\n\r\n | ! missingHost 400
    absolute ftp | GET ftp://h/ HTTP/1.1\r\n\H\r\n | ! target 400
    absolute user | GET http://u:p@h/ HTTP/1.1\r\n\H\r\n | ! target 400
    absolute port | GET http://h:x/ HTTP/1.1\r\n\H\r\n | ! target 400
    authority | GET h:80 HTTP/1.1\r\n\H\r\n | ! target 400
    fragment | GET /a#b HTTP/1.1\r\n\H\r\n | ! target 400
    raw utf-8 | GET /caf\xc3\xa9 HTTP/1.1\r\n\H\r\n | ! target 400
    nul | GET /\x00 HTTP/1.1\r\n\H\r\n | ! controlCharacter 400
    delete | GET /\x7f HTTP/1.1\r\n\H\r\n | ! controlCharacter 400
    encoded nul | GET /%00 HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    encoded line break | GET /%0d%0aX:y HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    not hexadecimal | GET /%zz HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    cut escape | GET /%e HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    encoded not utf-8 | GET /%ff HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    overlong | GET /%c0%ae HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    surrogate | GET /%ed%a0%80 HTTP/1.1\r\n\H\r\n | ! targetEncoding 400
    # Fields
    host missing | GET / HTTP/1.1\r\n\r\n | ! missingHost 400
    host twice | GET / HTTP/1.1\r\n\H\H\r\n | ! repeatedHost 400
    host twice in 1.0 | GET / HTTP/1.0\r\n\H\H\r\n | ! repeatedHost 400
    host empty | GET / HTTP/1.1\r\nHost:\r\n\r\n | ! host 400
    host blank | GET / HTTP/1.1\r\nHost: a b\r\n\r\n | ! host 400
    host user | GET / HTTP/1.1\r\nHost: u@h\r\n\r\n | ! host 400
    host path | GET / HTTP/1.1\r\nHost: h/x\r\n\r\n | ! host 400
    host port | GET / HTTP/1.1\r\nHost: h:abc\r\n\r\n | ! host 400
    host port range | GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n | ! host 400
    host address | GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n | GET /; end
    space before colon | GET / HTTP/1.1\r\n\HX : b\r\n | ! fieldName 400
    name empty | GET / HTTP/1.1\r\n\H: b\r\n | ! fieldName 400
    name of two words | GET / HTTP/1.1\r\n\HA B: c\r\n | ! fieldName 400
    name in utf-8 | GET / HTTP/1.1\r\n\HX\xc3\xa9: c\r\n | ! fieldName 400
    no colon | GET / HTTP/1.1\r\n\HNothing\r\n | ! fieldName 400
    nul in a value | GET / HTTP/1.1\r\n\HX: a\x00 | ! controlCharacter 400
    folded | GET / HTTP/1.1\r\n\HX: a\r\n b\r\n | ! fieldFolding 400
    first line folded | GET / HTTP/1.1\r\n X: a\r\n | ! fieldFolding 400
    bare line feeds | GET / HTTP/1.1\nHost: h\n\n | ! bareLineFeed 400
    one bare line feed | GET / HTTP/1.1\r\n\HX: a\nY: b\r\n\r\n | ! bareLineFeed 400
    bare return | GET / HTTP/1.1\r\n\HX: a\rTransfer-Encoding: chunked\r\n\r\n | ! bareCarriageReturn 400
    return twice | GET / HTTP/1.1\r\n\HX: a\r\r\n\r\n | ! bareCarriageReturn 400
    # Framing that could be read in two ways
    length and coding | POST / HTTP/1.1\r\n\HContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n | ! lengthAndCoding 400
    coding in 1.0 | POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n | ! codingInOldVersion 400
    length twice | POST / HTTP/1.1\r\n\HContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello | ! repeatedContentLength 400
    length list | POST / HTTP/1.1\r\n\HContent-Length: 5, 5\r\n\r\nhello | ! contentLength 400
    length sign | POST / HTTP/1.1\r\n\HContent-Length: +5\r\n\r\nhello | ! contentLength 400
    length empty | POST / HTTP/1.1\r\n\HContent-Length:\r\n\r\nhello | ! contentLength 400
    length hexadecimal | POST / HTTP/1.1\r\n\HContent-Length: 0x5\r\n\r\nhello | ! contentLength 400
    length in other digits | POST / HTTP/1.1\r\n\HContent-Length: \xd9\xa5\r\n\r\nhello | ! contentLength 400
    length in wide letters | POST / HTTP/1.1\r\n\HContent-Length: \xc4\xb5\r\n\r\nhello | ! contentLength 400
    length past 64 bits | POST / HTTP/1.1\r\n\HContent-Length: 18446744073709551621\r\n\r\nhello | ! bodyTooLarge 413
    length too large | POST / HTTP/1.1\r\n\HContent-Length: 10737418240\r\n\r\n | ! bodyTooLarge 413
    coding unknown | POST / HTTP/1.1\r\n\HTransfer-Encoding: xchunked\r\n\r\n | ! unknownTransferCoding 501
    coding stacked | POST / HTTP/1.1\r\n\HTransfer-Encoding: gzip, chunked\r\n\r\n | ! unknownTransferCoding 501
    coding not last | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked, identity\r\n\r\n | ! transferCoding 400
    coding twice | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n | ! transferCoding 400
    coding quoted | POST / HTTP/1.1\r\n\HTransfer-Encoding: "chunked"\r\n\r\n | ! transferCoding 400
    coding empty | POST / HTTP/1.1\r\n\HTransfer-Encoding:\r\n\r\n | ! transferCoding 400
    coding with parameter | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked;q=1\r\n\r\n | ! transferCoding 400
    # Chunks
    size not hexadecimal | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5g\r\n | POST /; ! chunkSize 400
    size empty | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n\r\n | POST /; ! chunkSize 400
    size sign | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n+5\r\n | POST /; ! chunkSize 400
    size blank before | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n 5\r\n | POST /; ! chunkSize 400
    size blank after | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5 \r\n | POST /; ! chunkSize 400
    size past 64 bits | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\n | POST /; ! bodyTooLarge 413
    size of all bits | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n | POST /; ! bodyTooLarge 413
    no end after data | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX | POST /; ! chunkEnd 400
    line feed after size | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n | POST /; ! bareLineFeed 400
    line feed after data | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0 | POST /; ! chunkEnd 400
    return after size | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5\rhello\r\n | POST /; ! bareCarriageReturn 400
    extension without name | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5;=\r\n | POST /; ! chunkExtension 400
    extension not closed | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n5;a="b\\"\r\n | POST /; ! chunkExtension 400
    trailer without colon | POST / HTTP/1.1\r\n\HTransfer-Encoding: chunked\r\n\r\n0\r\nbad line\r\n\r\n | POST /; ! fieldName 400
    """#
}

extension StringProtocol {
  /// The text without blanks at both ends.
  var trimmingBlanks: String {
    var text = drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
