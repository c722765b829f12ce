import FoundationEssentials
import MillraceCore
import MillraceSimulator
import MillraceWire

/// What came of schedules on made-up runners, as it is printed.
struct ScheduleTrialSheet: Encodable {
  var seeds: Int
  var nominalTimes: Int
  var jobs: Int
  var crashes: Int
  var violations: Int
  var fates: [String: Int]
  /// The first violations, each with its seed.
  var examples: [String]

  init(_ trial: ScheduleTrial) {
    seeds = trial.seeds
    nominalTimes = trial.nominalTimes
    jobs = trial.jobs
    crashes = trial.crashes
    violations = trial.violations
    fates = Dictionary(uniqueKeysWithValues: trial.fates.map { ($0.rawValue, $1) })
    examples = trial.examples
  }

  func print(as format: OutputFormat) throws {
    switch format {
    case .table, .wide: try StandardOutput.write(line + "\n")
    case .json, .jsonl, .csv, .ids:
      let data = try Wire.encoder(pretty: true).encode(self)
      try StandardOutput.write(String(decoding: data, as: UTF8.self) + "\n")
    }
  }

  /// The same on one line.
  var line: String {
    let counts = [
      (nominalTimes, "nominal time", "nominal times"), (jobs, "job", "jobs"), (crashes, "crash", "crashes"),
      (violations, "violation", "violations"),
    ]
    let words = counts.map { Figures.count(Int64($0), $1, $2) }
    return Figures.count(Int64(seeds), "seed", "seeds") + ": " + words.joined(separator: ", ")
  }

  /// Throws if something was wrong.
  func check() throws(CommandError) {
    guard violations > 0 else { return }
    throw CommandError(
      .jobFailed, examples.joined(separator: "\nerror: "),
      hint: "`millrace simulate --schedules --seed N` tells what is wrong with one seed")
  }
}
