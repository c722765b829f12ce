import MillraceCore
import MillraceEngine
import TestSupport
import Testing

/// The whole life of jobs over a store that fails at every transition, with runners that die at any of them.
@Suite("Storms", .timeLimit(.minutes(5)))
struct StormTests {
  @Test("whatever fails and whenever the runner dies, no job is lost and none runs twice at once")
  func seeds() async throws {
    var (accepted, deaths, refusals) = (0, 0, 0)
    for seed in UInt64(1)...300 {
      let storm = Storm(seed: seed)
      let broken = try await storm.run(steps: 150)
      #expect(broken.isEmpty, "seed \(seed): \(broken.joined(separator: "; "))")
      accepted += storm.acknowledged.count
      deaths += storm.deaths
      refusals += storm.refusals
    }
    // A storm in which nothing happens proves nothing.
    #expect(accepted > 3000 && deaths > 600 && refusals > 600, "\(accepted), \(deaths), \(refusals)")
  }

  @Test("the same seed makes the same storm", arguments: UInt64(1)...5)
  func replay(seed: UInt64) async throws {
    let (first, second) = (Storm(seed: seed), Storm(seed: seed))
    _ = try await first.run(steps: 150)
    _ = try await second.run(steps: 150)
    #expect(first.journal.entries == second.journal.entries)
  }
}
