@testable import MillraceSimulator

extension FuzzedParser {
  /// Workloads for `simulate`.
  static let workloads = [
    FuzzedParser("swf") { bytes in
      let file = WorkloadFile(path: "trace", bytes: bytes)
      let trace = try SWFTrace(file, processors: 64, skipsBroken: true)
      demandOrder(of: trace.jobs)
      let strict = accepted { try SWFTrace(file, processors: 64) }
      demandEqual(strict == nil, !trace.broken.isEmpty, "what is broken is refused")
      if let strict { demandEqual(strict.jobs.map(\.number), trace.jobs.map(\.number), "the same jobs") }
    },
    FuzzedParser("task-list") { bytes in
      let file = WorkloadFile(path: "tasks", bytes: bytes)
      let list = try TaskList(file, skipsBroken: true)
      demandOrder(of: list.jobs)
      demandEqual(accepted { try TaskList(file) } == nil, !list.broken.isEmpty, "what is broken is refused")
    },
  ]

  private static func demandOrder(of jobs: [KnownJob]) {
    demand(jobs.allSatisfy { $0.run > .zero }, "a job runs")
    demand(zip(jobs, jobs.dropFirst()).allSatisfy { $0.submitted <= $1.submitted }, "jobs are in order")
  }
}
