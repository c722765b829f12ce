package import MillraceCore

/// A workload in the Standard Workload Format (Chapin et al., "Benchmarks and standards for the evaluation of
/// parallel job schedulers", 1999), cleaned for a replay.
package struct SWFTrace: Sendable {
  /// The jobs that are left, in the order of submission and, of one second, of the file.
  package private(set) var jobs: [KnownJob] = []
  /// How many jobs were left out because no machine of this size could run them or they never ran.
  package private(set) var dropped = 0
  /// The lines that could not be read, if that was allowed.
  package private(set) var broken: [Int] = []

  /// The handler that a user's jobs ask for: run times are learned per user and requested time.
  package static func handler(ofUser user: Int64) -> String { user >= 0 ? "user-\(user)" : "unknown" }
  /// Larger machines and numbers are held for mistakes.
  package static let mostProcessors = 10_000_000
  private static let mostNumber = 1e12

  /// Reads a trace.
  ///
  /// A job is dropped if its allocated or requested processors exceed the machine's or neither is above 0, if
  /// its run or requested time is not above 0, or if it was submitted before 0. It gets the processors that
  /// it requested, else the allocated ones, and runs no longer than it requested.
  ///
  /// With `skipsBroken` lines that can't be read are left out and counted; without, the first of them is
  /// thrown, with its number.
  package init(_ file: WorkloadFile, processors: Int, skipsBroken: Bool = false) throws(SimulatorError) {
    guard (1...Self.mostProcessors).contains(processors) else {
      throw SimulatorError("a machine has 1 to \(Self.mostProcessors) processors, not \(processors)")
    }
    var jobs: [KnownJob] = []
    var dropped = 0
    var broken: [Int] = []
    try file.forEachLine { number, line throws(SimulatorError) in
      var fields = Fields(line)
      guard let first = fields.next(), line[first.startIndex] != UInt8(ascii: ";") else { return }
      do throws(SimulatorError) {
        let record = try Record(first, &fields, file, line: number)
        if let job = record.job(processors: processors) { jobs.append(job) } else { dropped += 1 }
      } catch {
        guard skipsBroken else { throw error }
        broken.append(number)
      }
    }
    self.jobs = KnownJob.inOrder(jobs)
    self.dropped = dropped
    self.broken = broken
  }

  /// Returns the machine of a trace: whole processors, memory that is no matter, and nothing that would stop
  /// a replay.
  package static func policy(_ preset: Policy.Preset, processors: Int) -> Policy {
    var policy = Policy(
      slots: processors, memory: .gibibytes(1), cpuMillis: Int64(processors) * 1000, maxQueued: .max)
    policy.processors = .whole
    policy.backfillWindow = nil
    policy.apply(preset)
    return policy
  }

  /// One line: 18 numbers, −1 for what is not known.
  private struct Record {
    var number, submitted, run, allocated, requested, time, user: Int64

    init(
      _ first: ArraySlice<UInt8>, _ fields: inout Fields, _ file: WorkloadFile, line: Int
    ) throws(SimulatorError) {
      var values: [Int64] = []
      var next: ArraySlice<UInt8>? = first
      while let field = next {
        guard let value = Fields.number(field), abs(value) <= SWFTrace.mostNumber else {
          throw file.error(
            line: line, "field \(values.count + 1) is no number that can be: `\(Fields.text(field))`",
            hint: "`--skip-broken` leaves such lines out")
        }
        values.append(Int64(value))
        next = fields.next()
      }
      guard values.count == 18 else {
        throw file.error(
          line: line, "a job has 18 fields, this line has \(values.count)",
          hint: "`--skip-broken` leaves such lines out")
      }
      (number, submitted, run, allocated) = (values[0], values[1], values[3], values[4])
      (requested, time, user) = (values[7], values[8], values[11])
    }

    /// The job; nil if it is to be dropped.
    func job(processors: Int) -> KnownJob? {
      let most = Int64(processors)
      guard allocated <= most, requested <= most, max(allocated, requested) > 0, run > 0, time > 0,
        submitted >= 0
      else { return nil }
      let terms = Terms(
        limits: Limits(memory: .zero, cpuMillis: (requested > 0 ? requested : allocated) * 1000, pids: 1),
        timeout: .seconds(time), grace: .zero, maxAttempts: 1, retryDelay: .zero)
      let submission = Submission(
        handler: SWFTrace.handler(ofUser: user), terms: terms, jobClass: "\(time)")
      return KnownJob(
        number: number, submission: submission, submitted: Timestamp(microseconds: submitted * 1_000_000),
        run: .seconds(min(run, time)))
    }
  }
}

/// The words of a line, between blanks.
struct Fields {
  private var rest: ArraySlice<UInt8>

  init(_ line: ArraySlice<UInt8>) { rest = line }

  /// Returns the next word; nil at the end.
  mutating func next() -> ArraySlice<UInt8>? {
    guard let start = rest.firstIndex(where: { !Self.isBlank($0) }) else { return nil }
    let end = rest[start...].firstIndex(where: Self.isBlank) ?? rest.endIndex
    defer { rest = rest[end...] }
    return rest[start..<end]
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

  /// Returns a word's number; nil if it is none, or none that is finite.
  static func number(_ word: ArraySlice<UInt8>) -> Double? {
    var whole: Int64 = 0
    let isNegative = word.first == UInt8(ascii: "-")
    let digits = isNegative ? word.dropFirst() : word
    guard !digits.isEmpty, digits.count <= 15 else { return decimal(word) }
    for byte in digits {
      guard (48...57).contains(byte) else { return decimal(word) }
      whole = whole * 10 + Int64(byte - 48)
    }
    return Double(isNegative ? -whole : whole)
  }

  private static func decimal(_ word: ArraySlice<UInt8>) -> Double? {
    // `Double` also knows words such as `inf`, and hexadecimal digits.
    guard word.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }),
      let number = Double(text(word)), number.isFinite
    else { return nil }
    return number
  }

  /// Returns a word as text.
  static func text(_ word: ArraySlice<UInt8>) -> String { String(decoding: word, as: UTF8.self) }
}
