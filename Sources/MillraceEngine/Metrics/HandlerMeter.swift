import MillraceCore

/// What is counted of the attempts of one handler.
struct HandlerMeter: Sendable {
  /// Its name, or `_other`.
  let handler: String
  var accepted = 0
  var waits = Histogram(.waits)
  var runs = Histogram(.runs)
  var outcomes: [Outcome: Int] = [:]
  var user = Duration.zero
  var system = Duration.zero
  var throttled = Duration.zero
  /// Sums are never large enough to lose a one, and can't overflow.
  var read = 0.0
  var written = 0.0
  var memoryPeaks = Histogram(.memoryPeaks)
  var memoryKills = 0.0
  var forksRefused = 0.0
  var memoryRatios = Histogram(.memoryRatios)

  init(_ handler: String) { self.handler = handler }

  /// Adds what an attempt has used; what the kernel does not tell is left out.
  mutating func add(_ usage: Usage, expected: Bytes) {
    user += usage.cpuUser ?? .zero
    system += usage.cpuSystem ?? .zero
    throttled += usage.throttled ?? .zero
    read += Double(usage.ioRead?.rawValue ?? 0)
    written += Double(usage.ioWritten?.rawValue ?? 0)
    memoryKills += Double(usage.oomKills ?? 0)
    forksRefused += Double(usage.forksRefused ?? 0)
    guard let peak = usage.memoryPeak else { return }
    memoryPeaks.observe(Double(peak.rawValue))
    if expected > .zero { memoryRatios.observe(Double(peak.rawValue) / Double(expected.rawValue)) }
  }
}
