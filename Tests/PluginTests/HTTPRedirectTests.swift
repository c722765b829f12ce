import FoundationEssentials
import PluginRecording
import TestSupport
import Testing

@Suite("http.request follows redirects where it may")
struct HTTPRedirectTests {
  @Test(
    "A redirect is followed as browsers do",
    arguments: [
      (301, "GET", "GET"), (302, "HEAD", "HEAD"), (301, "POST", "GET"), (302, "POST", "GET"),
      (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (302, "PUT", "PUT"), (307, "POST", "POST"),
      (308, "PATCH", "PATCH"),
    ])
  func methods(status: Int, method: String, next: String) throws {
    let server = try LoopbackServer { request in
      request.target == "/a/b" ? [.redirect(status, to: "../c?d=1 2")] : [.head(200)]
    }
    let hasBody = ["POST", "PUT", "PATCH"].contains(method)
    let job = try request(server.url + "/a/b", #","method":"\#(method)"\#(hasBody ? #","json":[1]"# : "")"#)
    #expect(job.failure == nil, "\(job)")
    #expect(server.requests.map(\.method) == [method, next])
    let last = try #require(server.requests.last)
    #expect(last.target == "/c?d=1%202" || last.target == "/c?d=1+2", "\(last)")
    #expect(last.body == (hasBody && next != "GET" ? "[1]" : ""))
    #expect(last.field("Content-Type") == (hasBody && next != "GET" ? "application/json" : nil))
  }

  @Test("A circle of redirects ends after so many, and none is followed if none is to be")
  func circle() throws {
    let server = try LoopbackServer(.redirect(to: "/again"))
    let job = try request(server)
    #expect(job.failureCode == "too_many_redirects" && job.failure?.isRetryable == false, "\(job)")
    #expect(server.requests.count == 6)
    #expect(try request(server, #","redirects":1"#).failureCode == "too_many_redirects")
    #expect(server.requests.count == 8)
    #expect(try request(server, #","redirects":0"#).failureCode == "status_302")
    #expect(server.requests.count == 9)
  }

  @Test(
    "A redirect to anything but http and https is refused",
    arguments: [
      ("file:///etc/passwd", "only http and https are spoken"),
      ("scp://127.0.0.1/x", "only http and https are spoken"),
      ("gopher://127.0.0.1/x", "only http and https are spoken"),
      ("http://user:word@127.0.0.1/", "it has a user or a password"), ("http://", "host"),
      ("http://127.0.0.1:99999999/", "ort"), ("https://", "host"),
    ])
  func foreign(place: String, words: String) throws {
    let server = try LoopbackServer(.redirect(to: place))
    let job = try request(server)
    #expect(job.failureCode == "bad_redirect" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.contains(words) == true, "\(job)")
    #expect(job.result == nil && server.requests.count == 1)
  }

  @Test("A redirect to a host that is not allowed is refused before anything is sent there")
  func forbiddenRedirect() throws {
    let other = try LoopbackServer(.answer(200, "secret"))
    let server = try LoopbackServer(.redirect(to: other.namedURL + "/x?key=1"))
    let job = try request(server, #","allow":["127.0.0.1"]"#)
    #expect(job.failureCode == "forbidden_host" && job.failure?.isRetryable == false, "\(job)")
    #expect(
      job.failure?.message
        == "will not follow a redirect to `\(other.namedURL)/x`: the host `localhost`, port \(other.port), "
        + "is not among those that `allow` names")
    #expect(server.requests.count == 1 && other.requests.isEmpty)
    let both = try request(server, #","allow":["127.0.0.1","localhost"]"#)
    #expect(both.text == "secret", "\(both)")
  }

  @Test(
    "A host is allowed by its name, as part of a domain, or with a port; however it is written",
    arguments: [
      ("http://127.0.0.1:%/", "127.0.0.1", true), ("http://127.0.0.1:%/", "127.0.0.1:%", true),
      ("http://127.0.0.1:%/", "127.0.0.1:80", false), ("http://127.0.0.1:%/", "10.0.0.1", false),
      ("http://2130706433:%/", "127.0.0.1", true), ("http://0x7f.1:%/", "127.0.0.1", true),
      ("http://LocalHost:%/", "localHOST", true),
      ("http://localhost:%/", "localhost.", true), ("http://a.localhost:%/", "*.localhost", true),
      ("http://localhost:%/", "*.localhost", false), ("http://alocalhost:%/", "*.localhost", false),
      ("http://localhost.example:%/", "localhost", false), ("http://[::1]:%/", "[::1]:%", true),
      ("http://[0:0:0:0:0:0:0:1]:%/", "[::1]", true), ("http://[::1]:%/", "127.0.0.1", false),
      ("http://127.0.0.1:%/?@10.0.0.1", "10.0.0.1", false), ("http://127.0.0.1:%/#@b.org/", "b.org", false),
    ])
  func rules(url: String, rule: String, isAllowed: Bool) throws {
    // Nobody listens there.
    let port = String(try LoopbackServer().port)
    let url = url.replacing("%", with: port)
    let rule = rule.replacing("%", with: port)
    let job = try request(url, #","allow":["nowhere.example","\#(rule)"]"#)
    #expect(job.failureCode == (isAllowed ? "not_connected" : "forbidden_host"), "\(job)")
  }

  @Test("Secret headers stay with the origin that they are for, others go along")
  func secrets() throws {
    let other = try LoopbackServer { request in
      request.target == "/back" ? [.head(200)] : [.redirect(to: "/back")]
    }
    let server = try LoopbackServer { request in
      request.target == "/1" ? [.redirect(to: "/2")] : [.redirect(307, to: other.url)]
    }
    let more = #","secret_headers":{"Authorization":"Bearer hidden"},"headers":{"X-Plain":"1"}"#
    let job = try request(server.url + "/1", more)
    #expect(job.failure == nil, "\(job)")
    #expect(server.requests.map { $0.field("Authorization") } == ["Bearer hidden", "Bearer hidden"])
    #expect(other.requests.map { $0.field("Authorization") } == [nil, nil])
    #expect(other.requests.map { $0.field("X-Plain") } == ["1", "1"])
    #expect(!"\(job)".contains("hidden"))
  }

  @Test("What was done before a redirect is not done again when the rest fails")
  func afterPost() throws {
    let server = try LoopbackServer { request in
      request.method == "POST" ? [.redirect(303, to: "/done")] : [.answer(503, "")]
    }
    let job = try request(server, #","method":"POST""#)
    #expect(job.failureCode == "status_503" && job.failure?.isRetryable == false, "\(job)")
  }
}
