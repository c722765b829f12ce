import CMillraceLinux
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

@Suite("A file of tokens")
struct TokenFileTests {
  private func withFile(_ text: String, mode: mode_t = 0o600, _ body: (TokenFile) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/tokens"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    chmod(path, mode)
    try body(TokenFile(path: path))
  }

  @Test("lets in who has a token, as what its line says, and nobody else")
  func holders() throws {
    let (ci, boss) = (Token(name: "ci", role: .submitter), Token(name: "boss", role: .admin))
    #expect(ci.secret != boss.secret && ci.secret.count == 67)
    try withFile("# who may call\n\n\(ci.line)\n\(boss.line)\n") { (file: TokenFile) throws in
      #expect(try file.holder(of: ci.secret) == TokenHolder(name: "ci", role: .submitter))
      #expect(try file.holder(of: boss.secret) == TokenHolder(name: "boss", role: .admin))
      for wrong in [
        "", "ci", ci.line, ci.secret.uppercased(), ci.secret + "0", String(repeating: "x", count: 9999),
      ] {
        #expect(try file.holder(of: wrong) == nil)
      }
    }
  }

  @Test("is used only if nobody else can read it, and without a mistake")
  func refused() throws {
    let token = Token(name: "ci", role: .viewer)
    func expectRefusal(_ text: String, mode: mode_t = 0o600, _ words: String) throws {
      try withFile(text, mode: mode) { (file: TokenFile) throws in
        let refusal = #expect(throws: Refusal.self) { try file.holder(of: token.secret) }
        #expect(refusal?.kind == .conflict)
        #expect(refusal?.message.contains(words) ?? false, "\(refusal?.message ?? "")")
      }
    }
    try expectRefusal(token.line, mode: 0o644, "others may read it")
    try expectRefusal("\(token.line)\n\(token.line)", "line 2 of the tokens")
    try expectRefusal("ci viewer \(Token.digest(of: token.secret))", "line 1 of the tokens")
    try expectRefusal("ci king sha256:\(Token.digest(of: token.secret))", "line 1 of the tokens")
    try expectRefusal("ci viewer sha256:abc", "line 1 of the tokens")
    let refusal = #expect(throws: Refusal.self) {
      try TokenFile(path: "/nowhere/tokens").holder(of: token.secret)
    }
    #expect(refusal?.message.contains("there is no file of tokens") ?? false)
  }
}
