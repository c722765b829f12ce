import Foundation
import MillraceClient
import MillraceCore
import MillraceLinux
import MillraceWire

/// A runner in a process of its own, and the client that talks to it through its socket.
struct RunnerProcess {
  let options: RunnerOptions
  let client: Client
  private let process = Process()
  private let input = Pipe()

  var pid: Int32 { process.processIdentifier }
  var place: RunnerPlace { RunnerPlace(directory: options.directory) }

  /// Starts a runner; returns when jobs of its plugin can be submitted.
  init(_ options: RunnerOptions) async throws {
    self.options = options
    client = Client(socket: RunnerPlace(directory: options.directory).socket)
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["serve"] + options.words
    process.standardInput = input
    try process.run()
    for _ in 0..<500 {
      // Not there yet.
      if let known = try? client.handlers(), !known.plugins.isEmpty { return }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    stop()
    throw BenchmarkError("the runner in `\(options.directory)` did not become ready")
  }

  /// Ends it; returns when it has gone.
  func stop() {
    // It may have gone by itself.
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The absolute path of its cgroup.
  var group: String {
    get throws { try CgroupMount.current().path + RunnerPlace.group(of: pid) }
  }

  /// Submits so many jobs of a handler at once; returns nanoseconds from before the first byte is written
  /// until the end of the last one is on record.
  func runBatch(_ handler: String, _ count: Int) throws -> Int64 {
    let batch = BatchRequest(jobs: Array(repeating: SubmitRequest(handler: handler), count: count))
    let began = ContinuousClock.now
    let ids = try client.submit(batch).ids
    try waitForAll(last: ids.last)
    return began.nanosecondsSince
  }

  /// Runs so many jobs of a handler one after the other, each waited for; returns the nanoseconds of each.
  func runOneByOne(_ handler: String, _ count: Int) throws -> [Int64] {
    try (0..<count).map { _ in try runOneByOne(SubmitRequest(handler: handler)) }
  }

  /// Runs one job; returns the nanoseconds from before the request until its end is known.
  func runOneByOne(_ request: SubmitRequest) throws -> Int64 {
    let began = ContinuousClock.now
    let job = try client.submit(request)
    try wait(for: job.id)
    return began.nanosecondsSince
  }

  /// Returns when a job has ended.
  func wait(for job: JobID) throws {
    for _ in 0..<10 {
      switch try client.wait(for: job, atMost: Client.longestWait).state {
      case .succeeded: return
      case .failed, .cancelled: throw BenchmarkError("job \(job) did not succeed")
      case .blocked, .scheduled, .queued, .starting, .running: continue
      }
    }
    throw BenchmarkError("job \(job) does not end")
  }

  /// Returns when all jobs up to the last one have ended: those of one rank end in their order, but for the
  /// ones that run beside it.
  func waitForAll(last: JobID?) throws {
    guard let last else { return }
    try wait(for: last)
    var unfinished = JobFilter()
    unfinished.states = [.queued, .starting, .running]
    unfinished.limit = 10_000
    for job in try client.jobs(matching: unfinished).jobs where job.id < last { try wait(for: job.id) }
  }

  /// Throws unless as many attempts are on record as were made, each of which succeeded.
  func check(attempts: Int) throws {
    let summaries = try client.summaries(matching: HistoryFilter())
    let (made, succeeded) = summaries.reduce((0, 0)) { ($0.0 + $1.attempts, $0.1 + $1.succeeded) }
    guard made == attempts, succeeded == attempts else {
      throw BenchmarkError("of \(attempts) attempts \(made) are on record and \(succeeded) succeeded")
    }
  }
}
