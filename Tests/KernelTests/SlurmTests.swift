import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// The real runner and a real Slurm cluster, whose node makes a cgroup for each job.
@Suite("Jobs in a Slurm cluster", .serialized, .timeLimit(.minutes(5)))
struct SlurmTests {
  @Test("a runner is killed with jobs on a node and in Slurm's queue: the next has them, and each runs once")
  func killed() async throws {
    let site = try SlurmSite(plugins: ["exec"])
    let runner = site.runner
    try await runner.start(handlers: 1)
    let ended = try await site.submit("ended")
    let fails = try await site.submit("fails", code: 5)
    try await site.wait(until: "the node is full") { site.runs("ended") + site.runs("fails") == 2 }
    let next = try await site.submit("next")
    let last = try await site.submit("last", code: 3)
    try await site.wait(until: "two wait in Slurm's queue") { try site.queue("pending").count == 2 }
    let queued = try site.queue()
    let names = (1...4).map { "burst-\($0)" }
    let burst = try await site.submitBatch(names)
    await runner.crash()

    #expect(try await runner.millrace("submit", "exec", "--place", "slurm", "--", "true").status == 69)
    try site.go("ended")
    try await site.wait(until: "the next one runs, with no runner there") { site.runs("next") == 1 }
    #expect(site.runs("last") == 0)
    try await runner.start(handlers: 1)
    let later = try await site.submit("later")
    for name in ["fails", "next", "last", "later"] { try site.go(name) }

    var adopted: [AttemptView] = []
    for job in [ended, fails, next, last] { adopted += try await site.attempts(at: job) }
    #expect(adopted.map(\.id) == [ended, fails, next, last].map { "\($0).1" })
    #expect(adopted.map(\.outcome) == [.succeeded, .error, .succeeded, .error])
    #expect(adopted.map(\.failure?.code) == [nil, "exit_5", nil, "exit_3"])
    #expect(Set(adopted.map(\.clusterJob)) == queued && adopted.allSatisfy { $0.node == "n1" })
    for job in burst + [later] {
      let attempts = try await site.attempts(at: job)
      #expect(attempts.last?.outcome == .succeeded && attempts.count { $0.node != nil } == 1)
    }
    for name in ["ended", "fails", "next", "last", "later"] + names { #expect(site.runs(name) == 1) }
    try await site.wait(until: "nothing of it is left") {
      try site.queue().isEmpty && site.bundles().isEmpty
    }
    #expect(await runner.stop() == 0)
  }

  @Test("what passes its memory in Slurm ends as here and is tried again with more; what does not, succeeds")
  func memory() async throws {
    let site = try SlurmSite(plugins: ["balloon"])
    try await site.runner.serve(handlers: 1) { runner in
      let here = try await runner.submit("balloon", "memory=120M", "--memory", "48M")
      let there = try await runner.submit("balloon", "memory=120M", "--memory", "48M", "--place", "slurm")
      var killed: Set<String> = []
      try await site.wait(until: "Slurm says that it had too little memory") {
        killed = try site.queue("out_of_memory")
        return !killed.isEmpty
      }
      let attempt = try await runner.lastAttempt(of: there)
      #expect(attempt.outcome == .oomOwnLimit && attempt.place == .slurm && attempt.node == "n1")
      #expect(killed == [try #require(attempt.clusterJob)])
      #expect(try await runner.lastAttempt(of: here).outcome == attempt.outcome)
      #expect(try await runner.millrace("history", "--node", "n1").output.contains("oomOwnLimit"))

      let within = try await runner.submit("balloon", "memory=32M", "--memory", "48M", "--place", "slurm")
      let again = try await runner.submit(
        "balloon", "memory=72M", "--memory", "44M", "--place", "slurm", "--attempts", "3", "--retry-delay",
        "100ms")
      #expect(try await site.attempts(at: within).map(\.outcome) == [.succeeded])
      let attempts = try await site.attempts(at: again)
      #expect(attempts.map(\.outcome) == [.oomOwnLimit, .succeeded])
      // Twice what it had taken, which on a node is a little more than its limit.
      let peak = try #require(attempts[0].usage.memoryPeakBytes)
      #expect(attempts.map(\.limits.memoryBytes) == [44 << 20, 2 * max(44 << 20, peak)])
      #expect(attempts.allSatisfy { $0.node == "n1" })
    }
  }

  @Test("a cancel reaches Slurm, for what waits there and what runs; the node is shown with what is on it")
  func cancel() async throws {
    let site = try SlurmSite(plugins: ["exec"])
    try await site.runner.serve(handlers: 1) { runner in
      let running = try await site.submit("running", processors: 4)
      try await site.wait(until: "the node is full") { site.runs("running") == 1 }
      let waiting = try await site.submit("waiting", processors: 4)
      try await site.wait(until: "the other waits") { try site.queue("pending").count == 1 }
      try await site.wait(until: "the node is shown so") {
        let view = try await runner.answer(NodesView.self, "nodes")
        let node = view.nodes.first { $0.name == "n1" }
        return node?.state == .busy && node?.processorsReserved == 4 && view.waiting == 1
      }
      #expect(try await runner.millrace("nodes").output.contains("n1"))
      let absurd = try await runner.millrace(
        "submit", "exec", "--place", "slurm", "--memory", "\(Int64.max)", "--", "true")
      #expect(absurd.errors.contains("no node has more"))
      let large = try await runner.submit("exec", "--place", "slurm", "--memory", "1000T", "--", "true")
      #expect(try await site.attempts(at: large).last?.failure?.message.contains("Slurm refuses") == true)

      #expect(try await runner.millrace("cancel", waiting).status == 0)
      try await site.wait(until: "Slurm does not have it any more") { try site.queue("pending").isEmpty }
      #expect(try site.queue().count == 1)
      #expect(try await runner.millrace("cancel", running).status == 0)
      for job in [waiting, running] {
        #expect(try await site.attempts(at: job).last?.outcome == .cancelled)
        #expect(try await runner.answer(JobDetail.self, "show", job).job.state == .cancelled)
      }
      #expect(site.wasStopped("running") && site.runs("running") == 1 && site.runs("waiting") == 0)
      try await site.wait(until: "nothing of them is left") {
        try site.queue().isEmpty && site.bundles().isEmpty
      }
    }
  }
}
