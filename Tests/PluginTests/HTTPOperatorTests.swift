import TestSupport
import Testing

@Suite("What the operator lets http.request and notify.webhook ask")
struct HTTPOperatorTests {
  private func under(_ rules: String) -> Surroundings {
    Surroundings(environment: ["HTTP_ALLOW": rules])
  }

  @Test(
    "A job's own list narrows the operator's and never widens it",
    arguments: [
      ("127.0.0.1", "", nil), ("nowhere.example, 127.0.0.1", "", nil), ("*.example\t127.0.0.1:%\n", "", nil),
      ("nowhere.example", "", "the operator allows"),
      ("127.0.0.1:1", #","allow":["127.0.0.1"]"#, "the operator allows"),
      ("nowhere.example", #","allow":["127.0.0.1","nowhere.example"]"#, "the operator allows"),
      ("127.0.0.1,nowhere.example", #","allow":["nowhere.example"]"#, "`allow` names"),
      ("127.0.0.1,nowhere.example", #","allow":["127.0.0.1"]"#, nil),
    ] as [(String, String, String?)])
  func narrows(rules: String, more: String, refusal: String?) throws {
    let server = try LoopbackServer(.answer(200, "taken"))
    let rules = rules.replacing("%", with: "\(server.port)")
    let job = try request(server, more, in: under(rules))
    guard let refusal else { return #expect(job.text == "taken", "\(job)") }
    #expect(job.failureCode == "forbidden_host" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.hasSuffix("is not among those that \(refusal)") == true, "\(job)")
    #expect(server.requests.isEmpty)
  }

  @Test("A redirect to a host that the operator does not allow is refused before anything is sent there")
  func redirect() throws {
    let other = try LoopbackServer(.answer(200, "secret"))
    let server = try LoopbackServer(.redirect(to: other.namedURL + "/x"))
    let allowing = #","allow":["127.0.0.1","localhost"]"#
    let job = try request(server, allowing, in: under("127.0.0.1"))
    #expect(job.failureCode == "forbidden_host" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.hasPrefix("will not follow a redirect to") == true, "\(job)")
    #expect(server.requests.count == 1 && other.requests.isEmpty)
    #expect(try request(server, allowing, in: under("127.0.0.1 localhost")).text == "secret")
  }

  @Test(
    "A list that says nothing or has a mistake allows nothing",
    arguments: [
      ("", "it names no host"), (" , \n", "it names no host"),
      ("127.0.0.1,http://b.org/", "it has `http://b.org/`: it is an address"),
      ("127.0.0.1 a*.org", "it has `a*.org`: `*.` may only be at its beginning"),
      ("127.0.0.1 b.org:x", "it has `b.org:x`: its port is no number"),
      ("127.0.0.1 " + String(repeating: "a", count: 400), "it is too long"),
    ])
  func mistakes(rules: String, words: String) throws {
    let server = try LoopbackServer(.answer(200, "taken"))
    let job = try request(server, in: under(rules))
    #expect(job.failureCode == "invalid_setting" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.contains(words) == true, "\(job)")
    #expect(server.requests.isEmpty)
  }

  @Test("A message is sent to nobody else either")
  func webhook() throws {
    let server = try LoopbackServer(.head(204))
    let parameters = #"{"url":"\#(server.url)","secret":"x","payload":{},"allow":["127.0.0.1"]}"#
    let job = try run("notify.webhook", of: "http", parameters, in: under("hooks.example"))
    #expect(job.failureCode == "forbidden_host" && server.requests.isEmpty, "\(job)")
    let sent = try run("notify.webhook", of: "http", parameters, in: under("hooks.example,127.0.0.1"))
    #expect(sent.failure == nil && server.requests.count == 1, "\(sent)")
  }
}
