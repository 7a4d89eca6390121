internal import Foundation
internal import HTTP
internal import HTTPTypes
internal import JSON

/// How browsers are let in where keys are needed, and how keys are read again.
extension Routes {
  private var ring: KeyRing { service.options.keys }

  /// `GET /login`: the form that asks for a key.
  func loginPage(_ request: Request) throws(Refusal) -> Reply { try file("login.html") }

  /// `POST /v1/login`: begins the session of a browser, by JSON or by the form.
  func logIn(_ request: Request) async throws(Refusal) -> Reply {
    guard ring.isNeeded else { throw .noKeys }
    // curl and others call everything that they post a form, also JSON.
    let isForm =
      request.fields[.contentType]?.lowercased().hasPrefix("application/x-www-form-urlencoded")
      == true && request.body.first { !" \t\r\n".utf8.contains($0) } != UInt8(ascii: "{")
    let secret: String
    if isForm {
      secret = Self.formValue("key", of: request.body) ?? ""
    } else {
      guard let told = try await service.fields(of: request).string("key") else {
        throw .missing(field: "key")
      }
      secret = told
    }
    guard let session = ring.beginSession(secret: secret) else { throw .keyUnknown }
    var fields = HTTPFields()
    fields[.setCookie] = cookie(session, seconds: KeyRing.sessionSeconds, to: request)
    fields[.cacheControl] = "no-store"
    guard !isForm else {
      fields[.location] = "/"
      return .full(status: .seeOther, fields: fields)
    }
    let caller = ring.caller(session: session)
    return .json(
      JSONWriter.object { writer in
        writer.member("key", caller?.name)
        writer.member("scopes", Self.listed(caller))
        writer.member("expires_in", KeyRing.sessionSeconds)
      }, fields: fields)
  }

  /// `POST /v1/logout`: ends the session of the browser that asks.
  func logOut(_ request: Request) -> Reply {
    if let session = SessionCookie.value(of: request.head) { ring.endSession(session) }
    var fields = HTTPFields()
    fields[.setCookie] = cookie("", seconds: 0, to: request)
    return .json(JSONWriter.object { $0.member("status", "logged_out") }, fields: fields)
  }

  /// `POST /v1/tickets`: what opens one `GET` that can't carry a field, such as an EventSource or a WebSocket.
  func makeTicket(_ request: Request) throws(Refusal) -> Reply {
    guard let ticket = ring.makeTicket(for: Caller.current) else { throw .noKeys }
    return .json(
      JSONWriter.object { writer in
        writer.member("ticket", ticket)
        writer.member("expires_in", KeyRing.ticketSeconds)
      }, fields: [.cacheControl: "no-store"])
  }

  /// `POST /v1/keys/reload`: reads the file of keys and the certificate again; a file that is wrong changes nothing of either.
  func reloadKeys(_ request: Request) throws(Refusal) -> Reply {
    let certificate = service.options.certificate
    guard ring.isNeeded || certificate != nil else { throw .nothingToReload }
    let fresh: ServerCertificate.Fresh?
    do { fresh = try certificate?.read() } catch { throw .certificate(error) }
    do { try ring.reload() } catch { throw .keyFile(error) }
    if let fresh { certificate?.use(fresh) }
    return .json(
      JSONWriter.object { writer in
        writer.member("keys", ring.count)
        guard let certificate else { return }
        writer.object("certificate") { $0.member("expires_in", certificate.secondsToEnd) }
      })
  }

  private static func listed(_ caller: Caller?) -> [String] {
    Scope.allCases.filter { caller?.scopes.contains($0) == true }.map(\.rawValue)
  }

  /// Neither scripts nor other sites' pages get it, nor another server of the same site below another path; nor does it travel in plain
  /// text where it was given by TLS.
  private func cookie(_ session: String, seconds: Int, to request: Request) -> String {
    "\(SessionCookie.name)=\(session); Path=\(service.options.basePath.place("/")); Max-Age=\(seconds); HttpOnly; SameSite=Strict"
      + (request.isSecure ? "; Secure" : "")
  }

  private static func formValue(_ name: String, of body: [UInt8]) -> String? {
    for pair in body.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1)
      guard parts.count == 2, String(decoding: parts[0], as: UTF8.self) == name else { continue }
      let text = String(decoding: parts[1], as: UTF8.self).replacing("+", with: " ")
      return text.removingPercentEncoding
    }
    return nil
  }
}
