import MillraceCore
import MillraceEngine

/// The clauses about what can be asked of the record.
extension JobStoreContract {
  static let questions = [
    JobStoreContract(
      "the unfinished jobs come by number, each with its open attempt, and without their parameters"
    ) { store in
      let ids = try await store.submit((0..<5).map { _ in Sample.full() }, at: Sample.time(0))
      try await store.commit([
        .cancelled(ids[0], at: Sample.time(1)), .starting(Sample.attempt(ids[1])),
        .starting(Sample.attempt(ids[2])),
        .running(AttemptID(job: ids[2], number: 1), at: Sample.time(12)), .starting(Sample.attempt(ids[3])),
        .ended(
          AttemptID(job: ids[3], number: 1), AttemptEnd(outcome: .error, ended: Sample.time(13)),
          next: .retry(notBefore: Sample.time(20))),
      ])
      let found = try await store.unfinished()
      try demandEqual(found.map(\.job.id), Array(ids.dropFirst()))
      let page = try await store.unfinished(after: ids[1], atMost: 2)
      try demandEqual(page.map(\.job), [found[1].job, found[2].job])
      try demand(try await store.unfinished(after: ids[4], atMost: 2).isEmpty)
      try demandEqual(found.map(\.job.state), [.starting, .running, .scheduled, .queued])
      try demandEqual(found.map { $0.openAttempt?.id.job }, [ids[1], ids[2], nil, nil])
      try demandEqual(found[1].openAttempt, try await store.attempts(of: ids[2]).first)
      var last = try await store.job(ids[4])
      last?.submission.parameters = .object([:])
      try demandEqual(found.last?.job, last)
    },
    JobStoreContract("lists go from the newest to the oldest, in pages without gaps or repeats") { store in
      let ids = try await store.submit((0..<25).map { _ in Sample.plain() }, at: Sample.time(0))
      var filter = JobFilter()
      filter.limit = 10
      var seen: [JobID] = []
      while true {
        let page = try await store.jobs(matching: filter).map(\.id)
        seen += page
        guard page.count == filter.limit else { break }
        filter.before = page.last
      }
      try demandEqual(seen, ids.reversed())
    },
    JobStoreContract("the history orders by each figure, with the unknown last") { store in
      let ids = try await store.submit((0..<4).map { _ in Sample.plain() }, at: Sample.time(0))
      let ends = [(3, 1), (1, 3), (2, 2)]
      for (id, (memory, cpu)) in zip(ids, ends) {
        let attempt = Sample.attempt(id, at: id.rawValue * 100)
        let usage = Usage(memoryPeak: Bytes(Int64(memory)), cpuSystem: .seconds(cpu))
        let end = AttemptEnd(
          outcome: .succeeded, ended: Sample.time(id.rawValue * 100 + Int64(memory) + 10), usage: usage)
        try await store.commit([
          .starting(attempt), .running(attempt.id, at: Sample.time(id.rawValue * 100 + 2)),
          .ended(attempt.id, end, next: .done(.succeeded)),
        ])
      }
      try await store.commit([.starting(Sample.attempt(ids[3], at: 1))])
      let expected: [(HistoryFilter.Order, [Int])] = [
        (.time, [2, 1, 0, 3]), (.memory, [0, 2, 1, 3]), (.cpu, [1, 2, 0, 3]), (.duration, [0, 2, 1, 3]),
        (.wait, [3, 2, 1, 0]),
      ]
      for (order, indices) in expected {
        var filter = HistoryFilter()
        filter.order = order
        let all = try await store.history(matching: filter)
        try demandEqual(all.map(\.attempt.id.job), indices.map { ids[$0] })
        filter.after = HistoryCursor(all[0].attempt, in: order)
        filter.limit = 2
        try demandEqual(
          try await store.history(matching: filter).map(\.attempt.id.job), indices[1...2].map { ids[$0] })
      }
    },
    JobStoreContract("a row of the history has what its job says") { store in
      let id = try await store.submit([Sample.full()], at: Sample.time(0))[0]
      try await store.commit([.starting(Sample.attempt(id, handler: "resize"))])
      let row = HistoryRow(
        attempt: Sample.attempt(id, handler: "resize"), jobState: .starting,
        priority: Sample.full().priority, jobClass: "large", labels: Sample.full().labels)
      try demandEqual(try await store.history(matching: HistoryFilter()), [row])
    },
    JobStoreContract("a summary counts by nearest rank, and has nil where nothing is known") { store in
      let ids = try await store.submit((0..<20).map { _ in Sample.plain() }, at: Sample.time(0))
      for (index, id) in ids.enumerated() {
        let attempt = Sample.attempt(id)
        let end = AttemptEnd(
          outcome: index == 0 ? .crashed : .succeeded, ended: Sample.time(100 + Int64(index)),
          usage: Usage(memoryPeak: Bytes(Int64(index + 1)), cpuUser: .seconds(1), cpuSystem: .seconds(2)))
        try await store.commit([
          .starting(attempt), .running(attempt.id, at: Sample.time(100)),
          .ended(attempt.id, end, next: .done(index == 0 ? .failed : .succeeded)),
        ])
      }
      let open = try await store.submit([Sample.plain(handler: "other")], at: Sample.time(0))[0]
      try await store.commit([.starting(Sample.attempt(open, handler: "other"))])
      try demandEqual(
        try await store.summaries(matching: HistoryFilter()),
        [
          HandlerSummary(
            handler: "noop", attempts: 20, succeeded: 19, outcomes: [.crashed: 1, .succeeded: 19],
            memoryP95: Bytes(19), memoryMax: Bytes(20), durationP50: .seconds(9), durationP95: .seconds(18),
            waitP50: .seconds(1), cpuTotal: .seconds(60)),
          HandlerSummary(
            handler: "other", attempts: 1, succeeded: 0, outcomes: [:], memoryP95: nil, memoryMax: nil,
            durationP50: nil, durationP95: nil, waitP50: .seconds(1), cpuTotal: .zero),
        ])
    },
    JobStoreContract("a build's attempts are found by the beginning of its SHA-256, and summed up") { store in
      func end(_ digit: String, _ second: Int64, memory: Bytes, times: Int) async throws {
        for _ in 0..<times {
          let job = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
          var attempt = Sample.attempt(job)
          attempt.pluginSHA256 = String(repeating: digit, count: 64)
          (attempt.pluginVersion, attempt.starting) = (digit, Sample.time(second))
          let end = AttemptEnd(
            outcome: .succeeded, ended: Sample.time(second + 2), usage: Usage(memoryPeak: memory))
          try await store.commit([
            .starting(attempt), .running(attempt.id, at: Sample.time(second + 1)),
            .ended(attempt.id, end, next: .done(.succeeded)),
          ])
        }
      }
      // The newer build has the lower SHA-256.
      try await end("c", 10, memory: .mebibytes(100), times: 20)
      try await end("b", 20, memory: .mebibytes(300), times: 20)
      let builds = try await store.buildSummaries(matching: HistoryFilter())
      try demandEqual(builds.map { $0.build?.version }, ["c", "b"])
      try demandEqual(builds.map { $0.build?.first }, [Sample.time(10), Sample.time(20)])
      try demandEqual(builds.map(\.attempts), [20, 20])
      try demandEqual(builds.map(\.memoryMax), [.mebibytes(100), .mebibytes(300)])
      let worse = Regression(
        .memory, median: 300 << 20, formerMedian: 100 << 20, former: String(repeating: "c", count: 64))
      try demandEqual(builds.map { $0.build?.regressions }, [[], [worse]])
      var filter = HistoryFilter()
      filter.build = "bbbbbbbb"
      try demandEqual(
        try await store.history(matching: filter).map(\.attempt.pluginVersion),
        .init(repeating: "b", count: 20))
      try demandEqual(try await store.buildSummaries(matching: filter).map { $0.build?.version }, ["b"])
      filter.build = "bbbbbbbbc"
      try demandEqual(try await store.history(matching: filter).count, 0)
    },
    JobStoreContract("numbers in results are figures, over the last results of a handler") { store in
      let type = ReportedFigure.mediaType
      let results: [(String, String)] = [
        (type, #"{"load":4,"gone":1}"#), (type, #"{"load":1,"words":"x","list":[2]}"#),
        ("application/json", #"{"load":100}"#), (type, "no JSON"), (type, #"{"load":2.5}"#),
      ]
      for (index, (mediaType, text)) in results.enumerated() {
        let job = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
        var attempt = Sample.attempt(job)
        attempt.handler = "measures"
        let end = AttemptEnd(
          outcome: .succeeded, ended: Sample.time(Int64(index)),
          result: JobResult(mediaType: mediaType, bytes: Array(text.utf8)))
        try await store.commit([
          .starting(attempt), .running(attempt.id, at: Sample.time(0)),
          .ended(attempt.id, end, next: .done(.succeeded)),
        ])
      }
      let all = try await store.reportedFigures(lastOfEach: 9, handler: nil)
      try demandEqual(
        all,
        [
          ReportedFigure(
            handler: "measures", name: "gone", count: 1, time: Sample.time(0), last: 1, least: 1, mean: 1,
            largest: 1),
          ReportedFigure(
            handler: "measures", name: "load", count: 3, time: Sample.time(4), last: 2.5, least: 1, mean: 2.5,
            largest: 4),
        ])
      let newest = try await store.reportedFigures(lastOfEach: 1, handler: "measures")
      try demandEqual(newest.map(\.name), ["load"])
      try demandEqual(newest.map(\.count), [1])
      try demandEqual(try await store.reportedFigures(lastOfEach: 9, handler: "other"), [])
    },
    JobStoreContract("the build of a plugin that was seen last is its newest, with its handlers in order") {
      store in
      let handlers = [
        Handler(
          name: "resize", summary: "makes it smaller", parameterSchema: .object(["type": .string("object")]),
          wishes: Sample.full().wishes, concurrency: 2), Handler(name: "crop", summary: ""),
      ]
      let first = Sample.plugin("pictures", digit: "1", handlers: handlers)
      let second = Sample.plugin("pictures", digit: "2", handlers: [handlers[1]])
      let other = Sample.plugin("audio", digit: "3")
      try await store.note([first, other], at: Sample.time(0))
      try demandEqual(try await store.plugins(), [other, first])
      try await store.note([second], at: Sample.time(1))
      try demandEqual(try await store.plugins(), [other, second])
      try await store.note([first], at: Sample.time(2))
      try demandEqual(try await store.plugins(), [other, first])
    },
  ]
}
