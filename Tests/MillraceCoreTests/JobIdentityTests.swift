import TestSupport
import Testing

@testable import MillraceCore

@Suite("Keys of jobs")
struct JobIdentityTests {
  @Test(
    "the digest is that of the standard",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1000),
        "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
      ),
    ])
  func digest(text: String, digest: String) { #expect(SHA256.hex(of: text.utf8) == digest) }

  private func key(
    _ change: (inout JobRequest) -> Void = { _ in }, parameters: JSONValue = .object([:])
  ) throws -> JobKey? {
    var request = JobRequest(handler: "work")
    request.isUnique = true
    change(&request)
    return try JobIdentity.key(of: request, parameters: parameters)
  }

  @Test("the same work has the same key however it is written; any other work has another one")
  func unique() throws {
    let first = try key(parameters: .object(["a": .integer(1), "b": .string("x")]))
    #expect(first?.window == nil && first?.scope == .handler)
    #expect(try key(parameters: .object(["b": .string("x"), "a": .number(1)])) == first)
    let others: [JobKey?] = [
      try key(parameters: .object(["a": .integer(1), "b": .string("y")])),
      try key(parameters: .object(["a": .string("1"), "b": .string("x")])),
      try key(parameters: .object(["a": .array([.integer(1)]), "b": .string("x")])),
      try key({ $0.jobClass = "big" }, parameters: .object(["a": .integer(1), "b": .string("x")])),
      try key({ $0.handler = "other" }, parameters: .object(["a": .integer(1), "b": .string("x")])),
      try key({ $0.input = [] }, parameters: .object(["a": .integer(1), "b": .string("x")])),
      try key({ $0.input = [1] }, parameters: .object(["a": .integer(1), "b": .string("x")])),
    ]
    #expect(Set([first] + others).count == others.count + 1)
  }

  @Test("texts with marks of the writing in them are not taken for others")
  func marks() throws {
    let one = try key(parameters: .object(["a": .string("\";\"1:b"), "c": .null]))
    let two = try key(parameters: .object(["a": .string(""), "\"1:b": .null]))
    #expect(one != two)
  }

  @Test("a key of one's own is kept; `unique` makes it hold until the end")
  func own() throws {
    #expect(try key { ($0.key, $0.isUnique) = (JobKey("k"), false) } == JobKey("k"))
    #expect(try key { $0.key = JobKey("k", scope: .global) } == JobKey("k", scope: .global, window: nil))
    #expect(try key { $0.isUnique = false } == nil)
  }

  @Test(
    "a key that can't be is refused",
    arguments: ["", String(repeating: "x", count: 201), "a\nb", "a\u{7f}", "a\u{85}b"])
  func bad(text: String) {
    let refusal = #expect(throws: Refusal.self) { try key { $0.key = JobKey(text) } }
    #expect(refusal?.kind == .invalid)
  }

  @Test("a key may be in any language and have 200 characters", arguments: ["schlüssel", "鍵", "a b"])
  func good(text: String) throws {
    #expect(try key { $0.key = JobKey(text) } != nil)
    #expect(try key { $0.key = JobKey(String(repeating: "ü", count: 200)) } != nil)
  }

  @Test(
    "a window is from a second to a century",
    arguments: [.zero, .seconds(-1), .seconds(40_000 * 86_400)] as [Duration])
  func window(window: Duration) {
    #expect(throws: Refusal.self) {
      try key { ($0.key, $0.isUnique) = (JobKey("k", window: window), false) }
    }
  }

  @Test(
    "a group has a name as handlers have",
    arguments: ["", "A", "a b", "1a", String(repeating: "a", count: 65)])
  func group(name: String) {
    let refusal = #expect(throws: Refusal.self) { try JobIdentity.check(group: name) }
    #expect(refusal?.kind == .invalid)
    #expect(throws: Never.self) { try JobIdentity.check(group: "a-b.c_1") }
  }
}
