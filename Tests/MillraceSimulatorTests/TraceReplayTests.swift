import MillraceCore
import TestSupport
import Testing

@testable import MillraceSimulator

@Suite("The replay of a trace")
struct TraceReplayTests {
  /// KTH-SP2 of the Parallel Workloads Archive, against start times that another program made.
  @Test(
    "starts every job of a real trace when the reference does",
    arguments: [
      (Policy.Preset.fcfs, 353_776.41, 6814.9733, 946_685.0), (.easy, 6834.59, 92.6877, 262_194.0),
    ])
  func reference(preset: Policy.Preset, wait: Double, slowdown: Double, longest: Double) throws {
    guard let file = try ReferenceData.file("KTH-SP2-1996-2.swf.gz"),
      let reference = try ReferenceData.file("KTH-\(preset.rawValue)-batch.csv.gz")
    else { return }
    let trace = try SWFTrace(file, processors: 100)
    #expect(trace.jobs.count == 28_481)
    #expect(trace.dropped == 8)
    var replay = Replay(trace.jobs, policy: SWFTrace.policy(preset, processors: 100), keepsStarts: true)
    try replay.run()
    var starts: [Int64: Int64] = [:]
    for row in try ReferenceData.rows(reference) { starts[try #require(Int64(row[0]))] = Int64(row[2]) }
    #expect(starts.count == 28_481)
    let wrong = replay.starts.filter { starts[$0.number] != $0.time.rawValue / 1_000_000 }
    #expect(replay.starts.count == 28_481)
    #expect(wrong.isEmpty, "the first is job \(wrong.first?.number ?? 0)")
    #expect(abs(replay.figures.meanWait - wait) < 0.005)
    #expect(abs(replay.figures.meanBoundedSlowdown - slowdown) < 0.0001)
    #expect(replay.figures.maxWait == longest)
  }

  /// The goals that the project has set itself, with learned run times.
  @Test(
    "with Millrace's own policies lets jobs wait less than EASY does",
    arguments: [(Policy.Preset.default, 70.0, 290_000.0), (.slowdown, 55, 320_000)])
  func ownPolicies(preset: Policy.Preset, slowdown: Double, longest: Double) throws {
    guard let file = try ReferenceData.file("KTH-SP2-1996-2.swf.gz") else { return }
    let trace = try SWFTrace(file, processors: 100)
    var replay = Replay(trace.jobs, policy: SWFTrace.policy(preset, processors: 100))
    try replay.run()
    #expect(replay.figures.jobs == 28_481)
    #expect(replay.figures.meanBoundedSlowdown <= slowdown)
    #expect(replay.figures.maxWait <= longest)
  }

  @Test("finishes the unit cases of another simulator when it does", arguments: [Policy.Preset.fcfs, .easy])
  func unitCases(preset: Policy.Preset) throws {
    guard let file = try ReferenceData.file("pyss-unit-cases.csv") else { return }
    var cases: [String: [[String]]] = [:]
    for row in try ReferenceData.rows(file) where row[0] == preset.rawValue {
      cases[row[1], default: []].append(row)
    }
    #expect(cases.count > 20)
    for (name, rows) in cases.sorted(by: { $0.key < $1.key }) {
      let numbers = rows.map { row in row.dropFirst(2).map { Int64($0) ?? -1 } }
      let starts = try Made.starts(
        numbers.map { [$0[1], $0[4], $0[3], $0[5]] }, processors: Int(numbers[0][0]), preset)
      let ends = zip(starts, numbers).map { $0 + $1[5] }
      #expect(ends == numbers.map { $0[2] }, "\(name)")
    }
  }

  /// Ten processors; 1: 6 of them for 100 s; 2: 8, so that it must wait until 100.
  @Test(
    "lets a job pass the first one only where that one is not delayed",
    arguments: [
      // It ends at 100, when the first one starts.
      (Policy.Preset.easy, [2, 4, 98, 98], Int64(2)),
      // It would end a second later on processors that the first one needs.
      (.easy, [2, 4, 99, 99], 200),
      // It asks for too long, though it would end in time.
      (.easy, [2, 4, 99, 10], 200),
      // The first one leaves two processors for as long as one likes.
      (.easy, [2, 2, 1000, 1000], 2),
      (.fcfs, [2, 2, 1, 1], 100),
    ])
  func backfill(preset: Policy.Preset, job: [Int64], start: Int64) throws {
    let starts = try Made.starts([[0, 6, 100, 100], [1, 8, 100, 100], job], processors: 10, preset)
    #expect(starts == [0, 100, start])
  }

  @Test("lets an end and a submission of one second be one decision")
  func oneMoment() throws {
    // At 10 the end makes room for the last job, and the two that come then are tried in their order.
    let rows: [[Int64]] = [[0, 8, 10, 10], [10, 9, 5, 5], [10, 2, 5, 5]]
    #expect(try Made.starts(rows, processors: 10, .fcfs) == [0, 10, 15])
    #expect(try Made.starts(rows, processors: 10, .easy) == [0, 10, 15])
  }

  @Test("learns from jobs that have ended, never from a job's own future")
  func learning() throws {
    // Five short runs of a user who always asks for 1000 s; the next one is let pass, for the first job has
    // the patience of four times its 300 s.
    var rows: [[Int64]] = (0..<5).map { [$0 * 10, 10, 1000, 5] }
    rows += [[100, 6, 100, 100], [101, 8, 300, 100], [102, 4, 1000, 5]]
    let policy = SWFTrace.policy(.default, processors: 10)
    let jobs = rows.enumerated().map { Made.job($0.offset, $0.element, user: $0.offset == 5 ? "a" : "b") }
    var replay = Replay(jobs, policy: policy, keepsStarts: true)
    try replay.run()
    #expect(replay.starts.last { $0.number == 7 }?.time == Timestamp(microseconds: 102_000_000))
    let unlearned = try Made.starts(rows, processors: 10, .easy)
    #expect(unlearned[7] == 300)
  }

  @Test("tells figures that can be checked by hand")
  func figures() throws {
    // Waits 0, 100 and 99 s; runs 100, 10 and 1 s; 10 processors for 110 s.
    let rows: [[Int64]] = [[0, 10, 100, 100], [0, 5, 10, 10], [1, 5, 10, 1]]
    let jobs = rows.enumerated().map { Made.job($0.offset, $0.element) }
    var replay = Replay(jobs, policy: SWFTrace.policy(.fcfs, processors: 10))
    try replay.run()
    let figures = replay.figures
    #expect(figures.jobs == 3)
    #expect(abs(figures.meanWait - 199.0 / 3) < 1e-9)
    #expect(figures.maxWait == 100)
    #expect(abs(figures.meanBoundedSlowdown - (1 + 11 + 10) / 3.0) < 1e-9)
    #expect(figures.maxBoundedSlowdown == 11)
    #expect(figures.makespan == 110)
    #expect(abs(figures.utilisation - (1000.0 + 50 + 5) / 1100) < 1e-9)
  }
}
