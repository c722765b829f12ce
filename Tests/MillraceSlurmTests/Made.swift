import MillraceCore
import MillraceEngine

@testable import MillraceSlurm

/// Settings and attempts for tests.
enum Made {
  /// Settings with short times.
  static func settings(spool: String = "/nonexistent", host: String = "/usr/bin/millrace-host")
    -> SlurmSettings
  {
    var settings = SlurmSettings(
      spool: spool, host: host, user: SlurmSettings.User(uid: 65534, gid: 65534))
    settings.look = .milliseconds(100)
    settings.poll = .milliseconds(500)
    settings.nodePoll = .seconds(2)
    settings.beat = .seconds(1)
    settings.fence = .seconds(3)
    settings.fenceMargin = .seconds(1)
    settings.settle = .milliseconds(500)
    settings.demandsCaps = false
    settings.maxResult = .mebibytes(1)
    return settings
  }

  /// An attempt; what it does is for the host of the tests.
  static func plan(
    _ job: Int64, _ number: Int = 1, doing: String = "nothing", memory: Bytes = .mebibytes(64),
    cpuMillis: Int64 = 1000, timeout: Duration = .seconds(60), priority: Int = 5,
    expectedRun: Duration? = nil,
    plugin path: String = "/nonexistent"
  ) -> LaunchPlan {
    let plugin = Plugin(
      name: "made", version: "1", sha256: String(repeating: "ab", count: 32), path: path, handlers: [])
    var plan = LaunchPlan(
      attempt: AttemptID(job: JobID(job), number: number), handler: "h", plugin: plugin,
      limits: Limits(memory: memory, cpuMillis: cpuMillis, pids: 32),
      priority: Priority(rawValue: priority) ?? .default, deadline: Timestamp(microseconds: 0),
      payload: StoredPayload(
        parameters: .object(["do": .string(doing)]), input: nil, traceParent: nil))
    plan.order = ClusterOrder(timeout: timeout, grace: .seconds(5), expectedRun: expectedRun)
    return plan
  }
}
