import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("Tasks with measured memory")
struct TaskTests {
  private static let cpu: Int64 = 32_000
  private static let memory = Bytes.gibibytes(64)

  private static func replay(
    _ jobs: some Sequence<KnownJob>, _ admission: TaskMachine.Admission
  ) throws -> WorkloadFigures {
    let machine = TaskMachine(cpuMillis: cpu, memory: memory, admission: admission)
    var replay = Replay(jobs, policy: machine.policy, memory: machine.memory)
    try replay.run()
    return replay.figures
  }

  @Test("are done a quarter sooner when admission knows their peaks", arguments: [1, 2, 3] as [UInt64])
  func proof(seed: UInt64) throws {
    let count = 200
    let tasks = MadeTasks(count, seed: seed, cpuMillis: Self.cpu, memory: Self.memory)
    for task in tasks {
      let ratio = Double(task.submission.terms.limits.memory.rawValue) / Double(task.peak?.rawValue ?? 1)
      #expect((1.9...150).contains(ratio))
    }
    let asked = try Self.replay(tasks, .requested)
    let learned = try Self.replay(tasks, .learned)
    #expect(asked.jobs == count)
    #expect(learned.jobs == count)
    #expect(asked.outOfMemoryKills == 0)
    #expect(learned.makespan <= asked.makespan * 0.75)
    #expect(learned.outOfMemoryKills <= count / 100)
    #expect(learned.failed == 0)
  }

  /// `[submit, request in GiB, peak in GiB, seconds]`
  private static func jobs(_ rows: [[Int64]]) -> [KnownJob] {
    rows.enumerated().map { place, row in
      KnownJob(
        number: Int64(place),
        submission: Submission(
          handler: "a", terms: TaskMachine.terms(memory: .gibibytes(row[1]), cpuMillis: 1000)),
        submitted: Timestamp(microseconds: row[0] * 1_000_000), run: .seconds(row[3]),
        peak: .gibibytes(row[2]))
    }
  }

  @Test("are counted with what they ask for until enough of their kind have run")
  func learning() throws {
    // Each asks for half of the machine, so that two begin. When they have settled what they hold counts, and
    // two more begin beside them; when five have ended the others are known to need little.
    let jobs = Self.jobs([[Int64]](repeating: [0, 32, 1, 100], count: 25))
    #expect(try Self.replay(jobs, .learned).makespan < 300)
    #expect(try Self.replay(jobs, .requested).makespan == 1300)
  }

  @Test("are killed by their own limit if they pass it, and fail")
  func ownLimit() throws {
    let figures = try Self.replay(Self.jobs([[0, 1, 2, 100]]), .learned)
    #expect(figures.ownLimitKills == 1)
    #expect(figures.failed == 1)
    #expect(figures.outOfMemoryKills == 0)
  }

  @Test("run again if the machine's memory ran out under them")
  func machine() throws {
    // 24 small ones teach 1 GiB; then four come that need 30 GiB each.
    let small = [[Int64]](repeating: [0, 32, 1, 10], count: 24)
    let large = [[Int64]](repeating: [10_000, 32, 30, 100], count: 4)
    let figures = try Self.replay(Self.jobs(small + large), .learned)
    #expect(figures.jobs == 28)
    #expect(figures.failed == 0)
    // Each of them is killed a few times at most: what it held then counts for it from then on.
    #expect((1...12).contains(figures.outOfMemoryKills + figures.evictions))
  }

  @Test("are refused if the machine could never run them")
  func refusal() throws {
    let figures = try Self.replay(Self.jobs([[0, 65, 1, 10], [0, 1, 1, 10]]), .requested)
    #expect(figures.refused == 1)
    #expect(figures.jobs == 1)
  }
}

@Suite("A list of tasks")
struct TaskListTests {
  private static let names = "id,submit,cpus,requested_bytes,peak_bytes,duration,handler\n"

  private static func read(_ text: String, skipsBroken: Bool = false) throws -> TaskList {
    try TaskList(WorkloadFile(path: "a.csv", bytes: Array(text.utf8)), skipsBroken: skipsBroken)
  }

  @Test("is read by the names of its columns")
  func reading() throws {
    let list = try Self.read(
      "handler,more,duration,peak_bytes,requested_bytes,cpus,submit,id\r\n"
        + "\"a, \"\"b\"\"\",x,1.5,1000,2e3,0.5,7,t1\r\n\nb,,0,0,1,1,3.25,2\r\n")
    #expect(list.jobs.map(\.submission.handler) == ["b", "a, \"b\""])
    let job = try #require(list.jobs.last)
    #expect(job.submitted == Timestamp(microseconds: 7_000_000))
    #expect(job.run == .milliseconds(1500))
    #expect(job.peak == Bytes(1000))
    #expect(job.submission.terms.limits == Limits(memory: Bytes(2000), cpuMillis: 500, pids: 1))
  }

  @Test(
    "is refused for a value that can't be, with its line and column",
    arguments: [
      ("1,nan,1,1,1,1,a", "`submit`: `nan`"), ("1,-1,1,1,1,1,a", "`submit`: `-1`"),
      ("1,0,0,1,1,1,a", "`cpus`: `0`"), ("1,0,inf,1,1,1,a", "`cpus`: `inf`"),
      ("1,0,99999999999,1,1,1,a", "`cpus`: `99999999999`"), ("1,0,1,0,1,1,a", "`requested_bytes`: `0`"),
      ("1,0,1,-5,1,1,a", "`requested_bytes`: `-5`"), ("1,0,1,1e300,1,1,a", "`requested_bytes`: `1e300`"),
      ("1,0,1,99999999999999999999999,1,1,a", "`requested_bytes`: `99999999999999999999999`"),
      ("1,0,1,1,-1,1,a", "`peak_bytes`: `-1`"), ("1,0,1,1,x,1,a", "`peak_bytes`: `x`"),
      ("1,0,1,1,1,-1,a", "`duration`: `-1`"), ("1,0,1,1,1,1e11,a", "`duration`: `1e11`"),
      ("1,0,1,1,1,1,", "`handler`: ``"), ("nan,0,1,1,1,1,a", "`id`: `nan`"), ("-1,0,1,1,1,1,a", "`id`: `-1`"),
      (",0,1,1,1,1,a", "`id`: ``"), ("1,0,1,1,1,1", "`handler`"),
      ("1,0,1,1,1,1,\"a", "a quote is not closed"),
    ])
  func mistakes(text: String, words: String) throws {
    let whole = Self.names + "1,0,1,1,1,1,a\n" + text + "\n2,0,1,1,1,1,a\n"
    let error = #expect(throws: SimulatorError.self) { try Self.read(whole) }
    #expect(error?.message.hasPrefix("`a.csv` line 3: ") ?? false)
    #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "")")
    let list = try Self.read(whole, skipsBroken: true)
    #expect(list.jobs.count == 2)
    #expect(list.broken == [3])
  }

  @Test(
    "needs each of its columns once", arguments: ["", "id,submit\n", names.dropLast() + ",id\n", "\u{0}\n"])
  func columns(text: String) throws {
    let error = #expect(throws: SimulatorError.self) { try Self.read(text) }
    #expect(error?.hint?.contains("requested_bytes") ?? false)
  }
}
