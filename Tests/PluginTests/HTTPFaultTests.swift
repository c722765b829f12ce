import FoundationEssentials
import Glibc
import PluginRecording
import TestSupport
import Testing

@Suite("http.request with what can go wrong")
struct HTTPFaultTests {
  @Test(
    "A server that does not answer in time, or not to the end, is `timed_out`",
    arguments: [
      [.awaitClose], [.send("HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf"), .awaitClose],
    ] as [[ScriptedServer.Step]])
  func slow(steps: [ScriptedServer.Step]) throws {
    let server = try LoopbackServer { _ in steps }
    let job = try request(server, #","timeout":0.5"#)
    #expect(job.failureCode == "timed_out" && job.failure?.isRetryable == true, "\(job)")
    let post = try request(server, #","timeout":0.5,"method":"POST""#)
    #expect(post.failureCode == "timed_out" && post.failure?.isRetryable == false)
    #expect(post.failure?.message.hasSuffix("the server may have done what it asks for") == true)
    let again = try request(server, #","timeout":0.5,"method":"POST","retry":"always""#)
    #expect(again.failure?.isRetryable == true)
  }

  @Test("All redirects together have one time")
  func slowRedirect() throws {
    let server = try LoopbackServer { request in
      request.target == "/" ? [.redirect(to: "/slow")] : [.awaitClose]
    }
    #expect(try request(server, #","timeout":0.5"#).failureCode == "timed_out")
    #expect(server.requests.count == 2)
  }

  @Test("SIGTERM ends it at once, whatever it waits for")
  func cancelled() throws {
    let isAsked = Gate()
    let server = try LoopbackServer(.open(isAsked), .awaitClose)
    let job = try request(server, #","method":"POST","timeout":60"#, in: .stopped(once: isAsked))
    #expect(job.failureCode == "cancelled" && job.failure?.isRetryable == true, "\(job)")
  }

  @Test("Where nobody listens nothing was sent: another attempt is made of any request")
  func refused() throws {
    let url = try LoopbackServer.deserted()
    for more in ["", #","method":"POST""#] {
      let job = try request(url, more)
      #expect(job.failureCode == "not_connected" && job.failure?.isRetryable == true, "\(job)")
    }
    #expect(try request(url, #","retry":"never""#).failure?.isRetryable == false)
  }

  @Test(
    "A server that breaks off, or speaks something else, has failed",
    arguments: [
      ([], "broken_off"), ([.send("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf")], "broken_off"),
      ([.send("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")], "broken_off"),
      ([.send("220 mail.example ESMTP\r\n")], "not_http"),
    ] as [([ScriptedServer.Step], String)])
  func broken(steps: [ScriptedServer.Step], code: String) throws {
    let server = try LoopbackServer { _ in steps }
    let job = try request(server)
    #expect(job.failureCode == code, "\(job)")
    #expect(try request(server, #","method":"POST""#).failure?.isRetryable == false)
    #expect(job.result == nil)
  }

  @Test(
    "An address of this machine or a private network is refused before it is connected to",
    arguments: [
      "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "172.31.255.255", "192.168.0.1",
      "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fd00::1]",
      "[64:ff9b::7f00:1]", "[2001:db8::1]", "[2002:7f00:1::]", "[::]",
    ])
  func notPublic(host: String) throws {
    let server = try LoopbackServer(.answer(200, "inside"))
    let job = try request("http://\(host):\(server.port)/", #","public_only":true"#)
    #expect(job.failureCode == "forbidden_address" && job.failure?.isRetryable == false, "\(job)")
    #expect(server.requests.isEmpty)
  }

  @Test("Without that wish an address of this machine is as good as any")
  func notOnlyPublic() throws {
    #expect(try request(try LoopbackServer(.head(200))).failure == nil)
    let inside = try LoopbackServer(.head(200))
    let server = try LoopbackServer(.redirect(to: inside.url))
    #expect(try request(server, #","public_only":false"#).failure == nil)
    #expect(inside.requests.count == 1)
  }

  @Test("A proxy that a variable names is not used")
  func proxy() throws {
    let proxy = try LoopbackServer(.answer(200, "proxy"))
    let server = try LoopbackServer(.answer(200, "server"))
    setenv("http_proxy", proxy.url, 1)
    setenv("all_proxy", proxy.url, 1)
    defer {
      unsetenv("http_proxy")
      unsetenv("all_proxy")
    }
    #expect(try request(server).text == "server")
    #expect(proxy.requests.isEmpty)
  }

  @Test(
    "Parameters that don't fit are refused, and nothing is asked",
    arguments: [
      (#""url":"""#, "`url` can't be taken"), (#""method":"GET""#, "`url` can't be taken: it is missing"),
      (#""url":"file:///etc/passwd""#, "only http and https are spoken"),
      (#""url":"example.org/x""#, "`url` can't be taken"), (#""url":"http://a b/""#, "`url` can't be taken"),
      (#""url":"http://u:p@127.0.0.1/""#, "it has a user or a password, which belong in a header"),
      (#""url":"http://127.0.0.1\r\nX: y/""#, "`url` can't be taken"),
      (#""url":"http://127.0.0.1:99999/""#, "`url` can't be taken"),
      (#""headers":{"X":"a\r\nEvil: 1"}"#, "`headers.X` has a line's end or another control character"),
      (#""headers":{"X":"a\nb"}"#, "line's end"), (#""headers":{"X":"a\u007f"}"#, "control character"),
      (#""secret_headers":{"X":"a\rb"}"#, "`secret_headers.X` has a line's end"),
      (#""headers":{"X: 1\r\nEvil":"1"}"#, "`headers` has a name that no header can have"),
      (#""headers":{"":"1"}"#, "a name that no header can have"),
      (#""headers":{"Host":"b.org"}"#, "`headers` may not have `Host`: it follows from the request"),
      (#""headers":{"content-length":"3"}"#, "may not have `content-length`"),
      (#""secret_headers":{"Transfer-Encoding":"chunked"}"#, "may not have `Transfer-Encoding`"),
      (#""headers":{"X":1}"#, "`headers.X` must be a string"), (#""headers":[]"#, "must be an object"),
      (#""body":"x""#, "a GET has no body"), (#""method":"HEAD","json":{}"#, "a HEAD has no body"),
      (#""method":"POST","json":{},"body":"x""#, "can't be sent all"), (#""method":"CONNECT""#, "`CONNECT`"),
      (#""allow":[]"#, "`allow` names no host"), (#""allow":["http://a/"]"#, "it is an address"),
      (#""allow":["a.*"]"#, "`*.` may only be at its beginning"), (#""allow":["::1"]"#, "in brackets"),
      (#""allow":["*"]"#, "`allow` has `*`"), (#""allow":["a:x"]"#, "its port is no number"),
      (#""max_bytes":"2G""#, "`max_bytes` may be at most 1G"), (#""redirects":21"#, "`redirects`"),
      (#""ok_statuses":["x"]"#, "must be whole numbers"), (#""retry":"often""#, "`retry`"),
    ])
  func wrongParameters(members: String, words: String) throws {
    let server = try LoopbackServer(.head(200))
    let hasURL = members.hasPrefix(#""url""#) || members == #""method":"GET""#
    let parameters = hasURL ? "{\(members)}" : #"{"url":"\#(server.url)",\#(members)}"#
    let job = try run("http.request", of: "http", parameters)
    #expect(job.failureCode == "invalid_parameters" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.contains(words) == true, "\(job)")
    #expect(server.requests.isEmpty)
  }

  @Test("A certificate that nobody trusts, or of another host, is refused; one that is named is trusted")
  func certificates() throws {
    let server = try TLSServer([
      "page": "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nsecure",
      "down": "HTTP/1.0 302 X\r\nLocation: http://127.0.0.1/\r\n\r\n",
    ])
    let distrusted = try request(server.url("page"))
    #expect(distrusted.failureCode == "not_trusted" && distrusted.failure?.isRetryable == false)
    let trusting = #","ca_file":"\#(server.certificate)""#
    let trusted = try request(server.url("page"), trusting)
    #expect(trusted.text == "secure" && trusted.mediaType == "text/plain", "\(trusted)")
    #expect(try request(server.url("page", host: "localhost"), trusting).failureCode == "not_trusted")
    #expect(try request(server.url("page"), #","ca_file":"/nowhere""#).failureCode == "no_ca_file")
    let down = try request(server.url("down"), trusting)
    #expect(down.failureCode == "insecure_redirect" && down.failure?.isRetryable == false, "\(down)")
    withExtendedLifetime(server) {}
  }
}
