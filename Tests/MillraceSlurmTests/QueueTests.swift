import Foundation
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

extension TrialClusterTests {
  /// The whole way of jobs through a real cluster of two nodes.
  @Suite("A queue whose jobs run in Slurm", .serialized, .timeLimit(.minutes(10)))
  struct QueueTests {
    /// Runs a test on a queue that is closed afterwards.
    private func withQueue(
      outstanding: Int = 1000, address: String? = nil, _ body: (ClusterQueue) async throws -> Void
    ) async throws {
      let queue = try ClusterQueue(outstanding: outstanding, address: address)
      do {
        try await queue.start()
        try await body(queue)
      } catch {
        try await queue.abandon()
        throw error
      }
      try await queue.abandon()
    }

    @Test("300 mixed jobs run on both nodes, by priority and dependency, each once")
    func mixed() async throws {
      try await withQueue(outstanding: 30) { queue in
        var random = SeededGenerator(seed: 9)
        var jobs: [JobID] = []
        for number in 0..<300 {
          let after = number % 10 == 9 ? jobs[number - Int.random(in: 1...5, using: &random)] : nil
          let request = try queue.request(
            Double.random(in: 0...0.1, using: &random), priority: .random(in: 1...10, using: &random),
            after: after)
          jobs += try await queue.engine.submit([request])
        }
        let ended = try await queue.ended(jobs, within: .seconds(480))
        #expect(ended.allSatisfy { $0.state == .succeeded && $0.attempts == 1 })
        let notes = try queue.notes()
        #expect(notes.count == 300 && notes.values.allSatisfy { $0.end != nil })
        var nodes: Set<String> = []
        var ranks: [Int: [Double]] = [:]
        for job in ended {
          let attempt = try #require(try await queue.attempts(job.id).first)
          #expect(attempt.place == .slurm && attempt.end?.whereabouts?.clusterJob != nil)
          nodes.formUnion([attempt.end?.whereabouts?.node].compactMap(\.self))
          ranks[job.submission.priority.rawValue, default: []]
            .append((attempt.starting - job.submitted).seconds)
          for needed in job.submission.after {
            guard case .job(let other) = needed.needed else { continue }
            let (before, behind) = (notes["\(other).1"], notes["\(job.id).1"])
            #expect(try #require(before?.end) <= #require(behind?.start))
          }
        }
        #expect(nodes == ["n1", "n2"])
        func mean(_ priorities: ClosedRange<Int>) -> Double {
          let waits = priorities.flatMap { ranks[$0] ?? [] }
          return waits.reduce(0, +) / Double(max(1, waits.count))
        }
        #expect(mean(8...10) < mean(4...6) && mean(4...6) < mean(1...3))
      }
    }

    @Test("a node that dies takes its attempts with it: they are lost, run again, and never twice at once")
    func nodeDies() async throws {
      try await withQueue { queue in
        let requests = try (0..<24).map { _ in try queue.request(4) }
        let jobs = try await queue.engine.submit(requests)
        try await Self.until(.seconds(60)) { try queue.notes().count >= 4 }
        try TrialCluster.running.command("crash", "n1")
        let ended = try await queue.ended(jobs, within: .seconds(240))
        #expect(ended.allSatisfy { $0.state == .succeeded })
        let notes = try queue.notes()
        var lost = 0
        for job in ended {
          let attempts = try await queue.attempts(job.id)
          lost += attempts.count { $0.end?.outcome == .lost }
          #expect(attempts.last?.end?.outcome == .succeeded && attempts.last?.end?.whereabouts?.node != nil)
          // One begins only when the one before it is certainly over.
          for (former, next) in zip(attempts, attempts.dropFirst()) {
            guard let first = notes["\(former.id)"], let second = notes["\(next.id)"] else { continue }
            #expect(second.start >= (first.end ?? first.start))
          }
        }
        #expect(lost > 0)
        try TrialCluster.running.command("node", "n1")
      }
    }

    @Test("with slurmctld away for a minute, jobs wait at that gate, what runs ends, and nothing is lost")
    func controllerAway() async throws {
      try await withQueue { queue in
        let running = try await queue.engine.submit([try queue.request(20)])
        try await Self.until(.seconds(60)) { try queue.notes().count == 1 }
        Glibc.kill(try TrialCluster.running.pid(of: "slurmctld"), SIGKILL)
        let since = ContinuousClock.now
        try await Self.until(.seconds(60)) { try await queue.engine.cluster()?.standing?.trouble != nil }
        let waiting = try await queue.engine.submit([try queue.request(0.1)])
        let gates = try #require(try await queue.engine.explain(waiting[0]).explanation).gates
        #expect(gates.last?.gate == .cluster && gates.last?.isOpen == false)
        #expect(gates.last?.reason.contains("does not answer") == true)
        // What runs needs no slurmctld to end.
        #expect(try await queue.ended(running, within: .seconds(60)).first?.state == .succeeded)
        try await Task.sleep(until: since + .seconds(60), clock: .continuous)
        #expect(try await queue.engine.history.job(waiting[0])?.state == .queued)
        try TrialCluster.running.command("controller")
        let ended = try await queue.ended(waiting, within: .seconds(120))
        #expect(ended.first?.state == .succeeded && ended.first?.attempts == 1)
      }
    }

    @Test("a next runner takes over what is out there, and what has ended meanwhile")
    func takenOver() async throws {
      try await withQueue { queue in
        let jobs = try await queue.engine.submit([try queue.request(1), try queue.request(15)])
        let more = try await queue.engine.submit(try (0..<20).map { _ in try queue.request(0.2) })
        try await Self.until(.seconds(60)) { try queue.notes().count >= 2 }
        try await queue.abandon()
        try await Task.sleep(for: .seconds(4))
        try await queue.start()
        let ended = try await queue.ended(jobs + more, within: .seconds(180))
        #expect(ended.allSatisfy { $0.state == .succeeded && $0.attempts == 1 })
        #expect(try queue.notes().count == 22)
      }
    }

    @Test("nodes that share no spool get all over TCP, and go on while the runner is away")
    func overTCP() async throws {
      // Below the ports that the kernel gives to those who do not choose.
      let address = "127.0.0.1:\(Int.random(in: 8300...9900))"
      try await withQueue(address: address) { queue in
        let jobs = try await queue.engine.submit(try [0.1, 12].map { try queue.request($0) })
        let more = try await queue.engine.submit(try (0..<10).map { _ in try queue.request(0.1) })
        _ = try await queue.ended([jobs[0]] + more, within: .seconds(120))
        try await Self.until(.seconds(60)) { try queue.notes()["\(jobs[1]).1"] != nil }
        try await queue.abandon()
        try await Task.sleep(for: .seconds(3))
        try await queue.start()
        let ended = try await queue.ended(jobs + more, within: .seconds(120))
        #expect(ended.allSatisfy { $0.state == .succeeded && $0.attempts == 1 })
        #expect(try queue.notes().values.count { $0.end != nil } == 12)
      }
    }

    /// Waits until something is so.
    private static func until(_ span: Duration, _ question: () async throws -> Bool) async throws {
      let last = ContinuousClock.now + span
      // What can't be read yet will be.
      while (try? await question()) != true {
        guard ContinuousClock.now < last else { throw TestFailure("it has not become so in time") }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}
