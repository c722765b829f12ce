import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("The metrics of an engine", .timeLimit(.minutes(1)))
struct MetricsTests {
  @Test("have every family once, in the order of the list, from the start on")
  func all() async throws {
    let bench = Bench()
    #expect(await bench.engine.metrics().map(\.family) == MetricFamily.all)
    try await bench.run {
      _ = try await bench.runningJob()
      #expect(await bench.engine.metrics().map(\.family) == MetricFamily.all)
    }
    #expect(Set(MetricFamily.all.map(\.name)).count == MetricFamily.all.count)
  }

  @Test("follow a job from its submission to its end")
  func job() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let first = try await bench.runningJob()
      bench.clock.advance(by: .seconds(3))
      _ = try await bench.submit()
      var metrics = Metrics(await bench.engine.metrics())
      #expect(metrics[.jobs, "running"] == 1 && metrics[.jobs, "queued"] == 1)
      #expect(metrics[.jobsAccepted, "work"] == 2)
      #expect((metrics[.gateClosures, "slots"] ?? 0) >= 1 && metrics[.gateClosures, "memory"] == 0)
      #expect(metrics[.slotsUsed] == 1 && metrics[.slotsCapacity] == 1)
      bench.clock.advance(by: .seconds(4))
      var report = AttemptReport.success
      report.tier = .warm
      report.usage = Usage(
        memoryPeak: .mebibytes(96), cpuUser: .seconds(2), cpuSystem: .milliseconds(500), ioRead: Bytes(7))
      try await bench.end(AttemptID(first), report)
      try await bench.journal.wait(for: "launch 2.1")
      metrics = Metrics(await bench.engine.metrics())
      #expect(metrics[.attempts, "work", "succeeded"] == 1 && metrics[.attempts, "work", "lost"] == 0)
      #expect(metrics[.jobsEnded, "succeeded"] == 1)
      // The first waited for nothing, the second until the first had ended.
      #expect(metrics.histogram(.waits, "work")?.count == 2)
      #expect(metrics.histogram(.waits, "work")?.sum == 4)
      #expect(metrics.histogram(.runs, "work")?.sum == 7)
      #expect(metrics.histogram(.starts, "warm")?.count == 1)
      #expect(metrics[.processorTime, "work", "user"] == 2)
      #expect(metrics[.processorTime, "work", "system"] == 0.5)
      #expect(metrics[.transferred, "work", "read"] == 7)
      #expect(metrics[.transferred, "work", "written"] == 0)
      #expect(metrics.histogram(.memoryPeaks, "work")?.sum == Double(96 << 20))
      // Admission counted with the 64 MiB that were declared.
      #expect(metrics.histogram(.memoryRatios, "work")?.sum == 1.5)
    }
  }

  @Test("have what is expected of a handler when enough of its jobs have shown it")
  func estimates() async throws {
    let bench = Bench()
    try await bench.run {
      for place in 1...Int64(5) {
        #expect(Metrics(await bench.engine.metrics())[.expectedMemory, "work"] == nil)
        let job = try await bench.runningJob()
        bench.clock.advance(by: .seconds(place))
        var report = AttemptReport.success
        report.usage.memoryPeak = .mebibytes(place)
        try await bench.end(AttemptID(job), report)
      }
      let metrics = Metrics(await bench.engine.metrics())
      #expect(metrics[.expectedMemory, "work"] == Double(5 << 20))
      #expect(metrics[.expectedRun, "work"] == 5)
    }
  }

  @Test("have how long the record makes it wait, and why it fails")
  func transactions() async throws {
    let bench = Bench()
    try await bench.run {
      bench.store.hold()
      async let job = bench.submit()
      try await bench.journal.wait(for: "commit [accepted 1")
      bench.clock.advance(by: .seconds(2))
      bench.store.release()
      _ = try await job
      var metrics = Metrics(await bench.engine.metrics())
      #expect(metrics.histogram(.transactions, "commit")?.sum == 2)
      #expect(metrics[.jobsAccepted, "work"] == 1)
      #expect(metrics[.storeFailures, "passing"] == 0 && metrics[.recordWritable] == 1)
      bench.store.fill()
      await #expect(throws: Refusal.self) { try await bench.submit() }
      metrics = Metrics(await bench.engine.metrics())
      #expect(metrics[.storeFailures, "passing"] == 1 && metrics[.jobsAccepted, "work"] == 1)
      #expect(metrics[.recordWritable] == 0 && metrics[.healthy] == 0)
      bench.store.fill(false)
    }
  }

  @Test("count an attempt of a former runner that goes on, and one that is lost")
  func restored() async throws {
    let store = MemoryJobStore()
    let jobs = try await store.submit(
      [Sample.plain(handler: "work"), Sample.plain(handler: "work")], at: Sample.time(0))
    for job in jobs {
      try await store.commit([.starting(Sample.attempt(job, handler: "work", at: 2))])
      try await store.commit([.running(AttemptID(job), at: Sample.time(4))])
    }
    let bench = Bench(record: store, at: Sample.time(20))
    bench.launcher.keep(AttemptID(jobs[0]))
    try await bench.run {
      try await bench.end(AttemptID(jobs[0]), .crash)
      let metrics = Metrics(await bench.engine.metrics())
      #expect(metrics[.attempts, "work", "crashed"] == 1 && metrics[.attempts, "work", "lost"] == 1)
      #expect(metrics.histogram(.runs, "work")?.sum == 16, "it was seen by the runner before")
    }
  }

  @Test("have how many files are a build in quarantine, by the cause")
  func quarantine() async throws {
    let bench = Bench()
    try await bench.run {
      #expect(Metrics(await bench.engine.metrics())[.quarantinedBuilds, "crashes"] == 0)
      var catalog = Catalog(plugins: [Bench.tools], refused: [])
      catalog.quarantined = [.crashes: 2, .signature: 1]
      bench.plugins.publish(catalog)
      var metrics = Metrics(await bench.engine.metrics())
      while metrics[.quarantinedBuilds, "crashes"] == 0 {
        await Task.yield()
        metrics = Metrics(await bench.engine.metrics())
      }
      #expect(metrics[.quarantinedBuilds, "crashes"] == 2 && metrics[.quarantinedBuilds, "signature"] == 1)
      #expect(metrics[.quarantinedBuilds, "description"] == 0)
    }
  }

  @Test("have how long an event waited for what came of it")
  func events() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", ["event": .string("upload.*")])
      _ = try await bench.engine.announce([CloudEvent(id: "1", source: "/test", type: "upload.done")])
      _ = try await bench.rows(1, of: "scan")
      try await bench.bench.settle()
      let metrics = Metrics(await bench.engine.metrics())
      #expect(metrics.histogram(.eventLag)?.count == 1 && metrics[.openEvents] == 0)
      #expect(metrics[.jobsAccepted, "work"] == 1, "the job of the event")
      #expect(metrics.histogram(.transactions, "announce")?.count == 1)
    }
  }

  @Test("tell so many handlers apart, and count the others together")
  func bounded() {
    var meters = Meters()
    let names = (1...1000).map { "h\($0)" }
    meters.accepted(names)
    meters.accepted(names)
    #expect(meters.handlers.count == Meters.mostHandlers + 1)
    #expect(meters.handlers.last?.handler == Meters.other)
    #expect(meters.handlers.last?.accepted == 2 * (1000 - Meters.mostHandlers))
    #expect(meters.handlers.first?.accepted == 2)
    #expect(!Handler.isValidName(Meters.other), "no handler has this name")
  }
}

@Suite("A histogram")
struct HistogramTests {
  @Test("has what equals a bound in that bucket, and what is above all in the last")
  func buckets() {
    var histogram = Histogram(.memoryRatios)
    for value in [0.1, 0.11, 1, 4, 4.1, 100, -1] { histogram.observe(value) }
    #expect(histogram.counts == [2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2])
    #expect(histogram.count == 7 && abs(histogram.sum - 109.31) < 1e-9)
  }

  @Test("of every family has ascending bounds", arguments: MetricFamily.all.filter { $0.kind == .histogram })
  func bounds(family: MetricFamily) {
    #expect(!family.bounds.isEmpty && family.bounds == Array(Set(family.bounds)).sorted())
  }
}

/// Readings by family and labels.
private struct Metrics {
  let readings: [MetricReading]

  init(_ readings: [MetricReading]) { self.readings = readings }

  /// A number; nil if there is none with these labels.
  subscript(family: MetricFamily, labels: String...) -> Double? {
    guard case .number(let number)? = value(family, labels) else { return nil }
    return number
  }

  func histogram(_ family: MetricFamily, _ labels: String...) -> Histogram? {
    guard case .histogram(let histogram)? = value(family, labels) else { return nil }
    return histogram
  }

  private func value(_ family: MetricFamily, _ labels: [String]) -> MetricPoint.Value? {
    readings.first { $0.family == family }?.points.first { $0.labels == labels }?.value
  }
}
