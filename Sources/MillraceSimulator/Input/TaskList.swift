import MillraceCore

/// Tasks with what they ask for and what they take: a file of comma-separated values, its columns by name.
package struct TaskList: Sendable {
  /// The tasks in the order of submission and, of one moment, of the file.
  package private(set) var jobs: [KnownJob] = []
  /// The lines that could not be read, if that was allowed.
  package private(set) var broken: [Int] = []

  /// The columns that a file must have; others are left alone.
  package enum Column: String, CaseIterable {
    case id, submit, cpus, requestedBytes = "requested_bytes", peakBytes = "peak_bytes", duration, handler
  }

  /// Reads tasks. With `skipsBroken` lines that can't be read are left out and counted; without, the first of
  /// them is thrown, with its number and column.
  package init(_ file: WorkloadFile, skipsBroken: Bool = false) throws(SimulatorError) {
    var places: [Column: Int]?
    var jobs: [KnownJob] = []
    var broken: [Int] = []
    try file.forEachLine { number, line throws(SimulatorError) in
      guard !line.isEmpty else { return }
      guard let places else {
        places = try Self.places(in: line, file, number)
        return
      }
      do throws(SimulatorError) {
        let row = Row(
          fields: try Self.fields(of: line, file, number), places: places, file: file, line: number)
        jobs.append(try row.job())
      } catch {
        guard skipsBroken else { throw error }
        broken.append(number)
      }
    }
    guard places != nil else {
      throw file.error(line: 1, "there is no line of names", hint: Self.header)
    }
    self.jobs = KnownJob.inOrder(jobs)
    self.broken = broken
  }

  private static var header: String {
    "the first line is `\(Column.allCases.map(\.rawValue).joined(separator: ","))`"
  }

  private static func places(
    in line: ArraySlice<UInt8>, _ file: WorkloadFile, _ number: Int
  ) throws(SimulatorError) -> [Column: Int] {
    let names = try fields(of: line, file, number)
    var places: [Column: Int] = [:]
    for column in Column.allCases {
      let found = names.indices.filter { names[$0] == column.rawValue }
      guard found.count == 1 else {
        let words = found.isEmpty ? "there is no column" : "there are \(found.count) columns"
        throw file.error(line: number, "\(words) `\(column.rawValue)`", hint: header)
      }
      places[column] = found[0]
    }
    return places
  }

  /// Divides a line at its commas; a value in quotes may have commas, and quotes if they are doubled (RFC 4180).
  private static func fields(
    of line: ArraySlice<UInt8>, _ file: WorkloadFile, _ number: Int
  ) throws(SimulatorError) -> [String] {
    let (comma, quote) = (UInt8(ascii: ","), UInt8(ascii: "\""))
    var fields: [[UInt8]] = [[]]
    var isQuoted = false
    var wasQuote = false
    for byte in line {
      if byte == quote {
        isQuoted.toggle()
        if isQuoted, wasQuote { fields[fields.count - 1].append(quote) }
      } else if byte == comma, !isQuoted {
        fields.append([])
      } else {
        fields[fields.count - 1].append(byte)
      }
      wasQuote = byte == quote
    }
    guard !isQuoted else { throw file.error(line: number, "a quote is not closed") }
    return fields.map { Fields.text($0[...]) }
  }
}

extension KnownJob {
  /// Returns jobs in the order of submission; those of one moment stay as they are.
  package static func inOrder(_ jobs: [KnownJob]) -> [KnownJob] {
    jobs.enumerated().sorted {
      ($0.element.submitted, $0.offset) < ($1.element.submitted, $1.offset)
    }.map(\.element)
  }
}

/// One line of a list of tasks.
private struct Row {
  let fields: [String]
  let places: [TaskList.Column: Int]
  let file: WorkloadFile
  let line: Int

  func job() throws(SimulatorError) -> KnownJob {
    try checkName()
    let millionths = 1_000_000.0
    let submitted = try number(.submit, 0...1e12)
    let processors = try number(.cpus, 0.001...Double(SWFTrace.mostProcessors))
    let most = Double(PolicySettings.mostMemory.rawValue)
    let requested = try number(.requestedBytes, 1...most)
    let peak = try number(.peakBytes, 0...most)
    let duration = try number(.duration, 0...1e10)
    let handler = try text(.handler)
    guard !handler.isEmpty, handler.utf8.count <= 256 else {
      throw error(.handler, "it has 1 to 256 characters")
    }
    let submission = Submission(
      handler: handler,
      terms: TaskMachine.terms(
        memory: Bytes(Int64(requested.rounded(.up))), cpuMillis: Int64((processors * 1000).rounded(.up))))
    return KnownJob(
      number: Int64(line), submission: submission,
      submitted: Timestamp(microseconds: Int64((submitted * millionths).rounded())),
      run: .microseconds(max(1, Int64((duration * millionths).rounded()))),
      peak: Bytes(Int64(peak.rounded(.up))))
  }

  /// A name may be anything but a number that can't be one.
  private func checkName() throws(SimulatorError) {
    let name = try text(.id)
    let isNumber = Double(name) != nil
    guard !name.isEmpty, name.utf8.count <= 256, !isNumber || Int64(name).map({ $0 >= 0 }) ?? false else {
      throw error(.id, "it is a whole number from 0 on, or a word")
    }
  }

  private func text(_ column: TaskList.Column) throws(SimulatorError) -> String {
    guard let place = places[column], place < fields.count else {
      throw file.error(
        line: line, "there are \(fields.count) values, none in the column `\(column.rawValue)`",
        hint: Self.hint)
    }
    return fields[place]
  }

  private func number(
    _ column: TaskList.Column, _ range: ClosedRange<Double>
  ) throws(SimulatorError) -> Double {
    guard let value = Fields.number(Array(try text(column).utf8)[...]) else {
      throw error(column, "it is no number")
    }
    guard range.contains(value) else {
      throw error(column, "it must be \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))")
    }
    return value
  }

  private func error(_ column: TaskList.Column, _ words: String) -> SimulatorError {
    let value = places[column].flatMap { $0 < fields.count ? fields[$0] : nil } ?? ""
    return file.error(
      line: line, "column `\(column.rawValue)`: `\(value)` can't be: \(words)", hint: Self.hint)
  }

  private static let hint = "`--skip-broken` leaves such lines out"

  private static func short(_ number: Double) -> String {
    number == number.rounded() && number < 1e15 ? "\(Int64(number))" : "\(number)"
  }
}
