import ArgumentParser
import Glibc
import MillraceCore
import MillraceLinux

/// `adopt`: how long a new runner takes until it has all that a former one left running.
struct AdoptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt", abstract: "Measure how long a new runner takes to take over running attempts.")

  @Option(help: "The program millrace-host.") var host: String
  @Option(help: "The plugin libspin.so.") var plugin: String
  @Option(help: "A new directory below which everything is made; everybody must be able to pass.")
  var directory: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "How many attempts run.") var attempts = 500
  @Option(help: "How often they are taken over.") var rounds = 10
  @Flag(help: "Do without cgroup controllers, where the machine has none.") var withoutControllers = false

  func run() async throws {
    try await CgroupTree.forBenchmark(withoutControllers: withoutControllers) { try await measure(in: $0) }
  }

  private func measure(in tree: CgroupTree) async throws {
    var path = try await LaunchPath(
      tree: tree, directory: directory, host: host, plugin: plugin)
    var ids: [AttemptID] = []
    var times = Times()
    do {
      for _ in 0..<attempts { ids.append(try await path.startJob(seconds: 1_000_000)) }
      for _ in 0..<rounds { times.add([try await path.changeRunners(ids)]) }
    } catch {
      await path.endJobs(ids)
      await path.launcher.stop()
      throw error
    }
    await path.endJobs(ids)
    await path.launcher.stop()
    Row(what: "a new launcher has taken over \(attempts) running attempts", lane: lane, measured: times.text)
      .show()
  }
}
