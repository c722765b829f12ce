import Foundation
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

@Suite("Codes with secrets in files")
struct SecretFilesTests {
  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The test cases 1 to 4, 6 and 7 of https://www.rfc-editor.org/rfc/rfc4231 (5 is cut to 128 bits).
  private static let vectors: [(key: [UInt8], message: [UInt8], code: String)] = [
    (
      [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      Array(1...25), [UInt8](repeating: 0xCD, count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ]

  @Test("the codes are those of RFC 4231")
  func published() throws {
    for (key, message, code) in Self.vectors {
      #expect(Self.hex(AuthenticationCode.code(of: message, with: key)) == code)
    }
  }

  private func file(_ text: String, mode: mode_t = 0o600) throws -> (TemporaryDirectory, String) {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/secret"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    chmod(path, mode)
    return (directory, path)
  }

  @Test("the code is the one that GitHub's documentation has for its example")
  func github() throws {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the webhook
    // payload validation".
    let (directory, path) = try file("It's a Secret to Everybody\n")
    let code = try SecretFiles().code(of: Array("Hello, World!".utf8), withSecretIn: path)
    #expect(Self.hex(code) == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
    withExtendedLifetime(directory) {}
  }

  @Test("the code is the one of the example of Standard Webhooks")
  func standard() throws {
    // The `test_sign_function` of https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries.
    let (directory, path) = try file("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n")
    let message = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"
    let code = try SecretFiles().code(of: Array(message.utf8), withSecretIn: path)
    #expect(Data(code).base64EncodedString() == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    withExtendedLifetime(directory) {}
  }

  @Test("openssl computes the same code")
  func openssl() throws {
    let (directory, path) = try file("a secret")
    let message = String(repeating: "0123456789", count: 1000)
    let run = try TestProcess(
      "/usr/bin/openssl", ["dgst", "-sha256", "-hmac", "a secret"], input: Data(message.utf8)
    ).end()
    let code = try SecretFiles().code(of: Array(message.utf8), withSecretIn: path)
    #expect(run.status == 0 && run.output.contains(Self.hex(code)), "\(run.output) \(run.errors)")
    withExtendedLifetime(directory) {}
  }

  @Test(
    "a secret that others can read, that is no file or is empty is refused",
    arguments: [
      ("s", 0o640, "others may read it"), ("s", 0o604, "others may read it"),
      ("s", 0o620, "others may write"),
      ("\n", 0o600, "it is empty"), ("", 0o600, "it is empty"), ("whsec_", 0o600, "it is empty"),
      ("whsec_!!", 0o600, "no base64"), (String(repeating: "x", count: 4097), 0o600, "4096 bytes"),
    ] as [(String, mode_t, String)])
  func refused(text: String, mode: mode_t, words: String) throws {
    let (directory, path) = try file(text, mode: mode)
    let refusal = try #require(throws: Refusal.self) {
      try SecretFiles().code(of: [], withSecretIn: path)
    }
    #expect(refusal.kind == .conflict && refusal.message.contains(words), "\(refusal.message)")
    #expect(refusal.message.contains(path))
    withExtendedLifetime(directory) {}
  }

  @Test("a link, a directory and nothing are no secret; a changed one holds at once")
  func places() throws {
    let (directory, path) = try file("one")
    let link = directory.path + "/link"
    #expect(symlink(path, link) == 0)
    for other in [link, directory.path, directory.path + "/none"] {
      let refusal = try #require(throws: Refusal.self) {
        try SecretFiles().code(of: [], withSecretIn: other)
      }
      #expect(refusal.kind == .conflict && refusal.message.contains(other))
    }
    let first = try SecretFiles().code(of: [1], withSecretIn: path)
    try Data("two".utf8).write(to: URL(fileURLWithPath: path))
    chmod(path, 0o600)
    #expect(try SecretFiles().code(of: [1], withSecretIn: path) != first)
  }
}
