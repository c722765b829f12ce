import Foundation
import TestSupport
import Testing

@Suite("The commands of builds")
struct BuildCommandTests {
  private static let (good, bad) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))

  private static let builds = """
    {"handler":"work","plugin":"tools","builds":[
      {"sha256":"\(bad)","version":"2","state":"quarantined","since":"2026-11-30T08:00:00.000Z",
       "quarantine":{"cause":"crashes","reason":"its first 3 attempts crashed",
        "since":"2026-11-30T08:01:00.000Z"}},
      {"sha256":"\(good)","version":"1","state":"serving","since":"2026-11-29T08:00:00.000Z",
       "figures":{"handler":"work","build_sha256":"\(good)","version":"1","first":"2026-11-29T08:00:00.000Z",
        "regressions":[{"figure":"memory","median":3e8,"former_median":1e8,"former_sha256":"\(bad)",
         "text":"memory +200%"}],
        "attempts":30,"succeeded":29,"outcomes":{"succeeded":29,"error":1},"cpu_total_seconds":1}}]}
    """

  @Test("builds are a line each, with what they have shown; why one must not serve is told beside them")
  func list() throws {
    let server = try ScriptedServer { _ in [.answer(200, Self.builds)] }
    let outcome = try Program.millrace("handlers", "builds", "work", "--socket", server.socket)
    #expect(outcome.code == 0)
    let lines = outcome.out.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.first?.prefix(3) == ["BUILD", "VERSION", "STATE"])
    #expect(
      lines.map { $0.prefix(3) }.dropFirst() == [
        ["bbbbbbbbbbbb", "2", "quarantined"], ["aaaaaaaaaaaa", "1", "serving"],
      ])
    #expect(outcome.out.contains("memory +200%"))
    #expect(outcome.error.contains("build bbbbbbbbbbbb: its first 3 attempts crashed"))
    #expect(server.requests.map(\.target) == ["/v1/handlers/work/builds"])
  }

  @Test("a rollback asks for it and shows the builds; the command has a singular, too")
  func rollback() throws {
    let server = try ScriptedServer { _ in [.answer(200, Self.builds)] }
    let outcome = try Program.millrace("handler", "rollback", "work", "--socket", server.socket, "-o", "ids")
    #expect(outcome == .init(code: 0, out: "\(Self.bad)\n\(Self.good)\n", error: ""))
    #expect(server.requests.map { "\($0.method) \($0.target)" } == ["POST /v1/handlers/work/rollback"])
  }

  @Test("what is no beginning of a SHA-256 is a usage error", arguments: ["abc", "xyzxyzxyz", ""])
  func build(text: String) throws {
    let outcome = try Program.millrace("history", "--build", text, "--socket", "/none")
    #expect(outcome.code == 2 && outcome.error.contains("8 to 64 hexadecimal digits"))
  }
}
