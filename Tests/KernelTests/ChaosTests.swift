import TestSupport
import Testing

/// The short form of `make chaos`: the same program, one seed.
@Suite("Chaos", .serialized, .timeLimit(.minutes(5)))
struct ChaosTests {
  @Test("runners that are killed again and again lose nothing and run nothing twice")
  func short() async throws {
    let run = try await Programs.run(
      "millrace-chaos",
      ["--seed", "1", "--jobs", "100", "--kills", "8", "--job-kills", "4", "--keeper-kills", "2"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
  }
}
