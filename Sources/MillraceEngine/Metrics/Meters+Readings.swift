import MillraceCore

extension Meters {
  /// The waits, starts, run times and outcomes of attempts.
  var attemptReadings: [MetricReading] {
    [
      MetricReading(.waits, of: handlers, \.waits),
      MetricReading(
        .starts,
        StartTier.allCases.compactMap { tier in
          starts[tier].map { MetricPoint([tier.rawValue], .histogram($0)) }
        }),
      MetricReading(.runs, of: handlers, \.runs),
      MetricReading(
        .attempts,
        handlers.flatMap { meter in
          Outcome.allCases.map {
            MetricPoint([meter.handler, $0.rawValue], .number(Double(meter.outcomes[$0] ?? 0)))
          }
        }),
    ]
  }

  /// What attempts have used.
  var usageReadings: [MetricReading] {
    [
      MetricReading(
        .processorTime, handlers, ("user", { $0.user.seconds }), ("system", { $0.system.seconds })),
      MetricReading(
        .throttled, handlers.map { MetricPoint([$0.handler], .number($0.throttled.seconds)) }),
      MetricReading(.transferred, handlers, ("read", \.read), ("written", \.written)),
      MetricReading(.memoryPeaks, of: handlers, \.memoryPeaks),
      MetricReading(
        .memoryKills, handlers.map { MetricPoint([$0.handler], .number($0.memoryKills)) }),
      MetricReading(
        .forksRefused, handlers.map { MetricPoint([$0.handler], .number($0.forksRefused)) }),
    ]
  }

  /// The turns of the engine, and what the record made it wait for.
  var engineReadings: [MetricReading] {
    [
      MetricReading(.ticks, ticks),
      MetricReading(
        .transactions,
        Transaction.allCases.compactMap { transaction in
          transactions[transaction].map { MetricPoint([transaction.rawValue], .histogram($0)) }
        }),
      MetricReading(
        .storeFailures, StorageFailureKind.allCases.map { ($0.rawValue, storeFailures[$0] ?? 0) }),
    ]
  }
}

extension MetricReading {
  /// Makes the reading of a size; without a point if it is unknown.
  init(_ family: MetricFamily, _ size: Bytes?) { self.init(family, size.map { Double($0.rawValue) }) }

  /// Makes the reading of counts by their one label.
  init(_ family: MetricFamily, _ counts: [(label: String, count: Int)]) {
    self.init(family, counts.map { MetricPoint([$0.label], .number(Double($0.count))) })
  }

  /// Makes the reading of a histogram per handler; one that has observed nothing is left out.
  init(_ family: MetricFamily, of handlers: [HandlerMeter], _ histogram: (HandlerMeter) -> Histogram) {
    let all = handlers.map { (name: $0.handler, histogram: histogram($0)) }.filter { $0.histogram.count > 0 }
    self.init(family, all.map { MetricPoint([$0.name], .histogram($0.histogram)) })
  }

  /// Makes the reading of several numbers per handler, each with its second label.
  fileprivate init(
    _ family: MetricFamily, _ handlers: [HandlerMeter],
    _ parts: (label: String, number: (HandlerMeter) -> Double)...
  ) {
    self.init(
      family,
      handlers.flatMap { meter in
        parts.map { MetricPoint([meter.handler, $0.label], .number($0.number(meter))) }
      })
  }
}
