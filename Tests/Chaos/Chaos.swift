import ArgumentParser
import Glibc
import MillraceCore
import TestSupport

/// Kills the real runner at random moments while real jobs flow, then compares what the jobs themselves wrote
/// down with what is on record. It needs cgroup v2 with its controllers: see `make chaos`.
@main
struct Chaos: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "millrace-chaos", abstract: "Kill the runner again and again, and look for what is lost.")

  @Option(help: "The first seed.")
  var seed: UInt64 = 1
  @Option(help: "How many seeds, one after the other.")
  var seeds: UInt64 = 1
  @Option(help: "How many jobs flow in a seed.")
  var jobs = 400
  @Option(help: "How often the runner is killed in a seed.")
  var kills = 40
  @Option(help: "How often the keeper is killed in a seed.")
  var keeperKills = 0
  @Option(help: "How often a process of a job is killed in a seed.")
  var jobKills = 20

  func run() async throws {
    var isClean = true
    for seed in seed..<seed + seeds {
      let storm = try Storm(
        seed: seed,
        measure: Storm.Measure(jobs: jobs, kills: kills, keeperKills: keeperKills, jobKills: jobKills))
      let violations = try await storm.run()
      for violation in violations { print("violation seed \(seed): \(violation)") }
      print("seed \(seed): \(storm.summary), \(violations.count) violations")
      for (_, complaint) in storm.complaints.sorted(by: { $0.key < $1.key }) {
        print("  \(complaint.count) times: \(complaint.example)")
      }
      fflush(nil)
      isClean = isClean && violations.isEmpty
    }
    if !isClean { throw ExitCode(1) }
  }
}
