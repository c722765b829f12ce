import Foundation
import TestSupport
import Testing

/// What the real programs say of files that shall become plugins.
@Suite("Plugins that are verified", .serialized, .timeLimit(.minutes(2)))
struct PluginVerifyTests {
  @Test("`plugin verify` says what speaks against a file, without a runner")
  func verify() async throws {
    let good = try await Programs.run(
      "millrace", ["plugin", "verify", try FixturePlugin.build(of: "BUILD=one")])
    #expect(good.status == 0, "\(good.errors)")
    #expect(good.output.contains("plugin `build` one\n  work: says which build it is\n  hold\n"))
    let missing = try await Programs.run(
      "millrace", ["plugin", "verify", try FixturePlugin.build(of: "BUILD=one", "MISSING")])
    #expect(missing.status == 1)
    #expect(missing.output.contains("error: it needs `nobody_has_this`, which no library that it names has"))
    let schema = try await Programs.run(
      "millrace", ["plugin", "verify", try FixturePlugin.build(of: "BUILD=two", "BAD_SCHEMA")])
    #expect(schema.status == 1)
    #expect(schema.output.contains("error: handler `work`: its parameter schema: this is no JSON"))
    #expect(try await Programs.run("millrace", ["plugin", "verify", "/none.so"]).status != 0)
  }
}
