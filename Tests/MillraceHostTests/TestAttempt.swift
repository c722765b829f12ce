import CMillraceLinux
import Foundation
import TestSupport

/// Everything that a runner makes for one attempt.
final class TestAttempt {
  let leaf: TestLeaf
  let workDirectory: String
  var request = millrace_keeper_start()
  /// The runner's ends.
  let outcome: Int32
  let log: Int32
  let channel: Int32
  private var jobEnds: [Int32]

  /// Whom jobs become when the tests run as root.
  static let uid: UInt32 = 65534

  init(
    _ handler: String, plugin: String? = nil, job: Int64 = 1, tier: Int = MILLRACE_TIER_TEMPLATE,
    maximumResult: UInt64 = 1 << 20, in group: TestLeaf? = nil
  ) throws {
    leaf = try TestLeaf(in: group)
    workDirectory = TestDirectory.newPath("work")
    try check(mkdir(workDirectory, 0o700), "make the work directory")
    try check(chown(workDirectory, TestAttempt.uid, TestAttempt.uid), "hand over the work directory")

    outcome = try check(millrace_memfd_create("outcome"), "make the outcome")
    try check(ftruncate(outcome, MemoryLayout<millrace_outcome>.size), "size the outcome")
    var pipe: [Int32] = [-1, -1]
    try check(millrace_pipe(&pipe), "make a pipe")
    var pair: [Int32] = [-1, -1]
    try check(millrace_packet_pipe(&pair), "make a channel")
    log = pipe[0]
    channel = pair[0]
    jobEnds = [try TestAttempt.payload(handler, job: job), pipe[1], pair[1]]

    request.type = UInt32(MILLRACE_KEEPER_START)
    request.tier = UInt32(tier)
    request.job = job
    request.attempt = 2
    request.uid = TestAttempt.uid
    request.gid = TestAttempt.uid
    request.max_open_files = 256
    request.max_result = maximumResult
    store(try plugin ?? FixturePlugin.handlers(), in: &request.plugin)
    store(workDirectory, in: &request.work_directory)
  }

  deinit {
    closeJobEnds()
    for descriptor in [outcome, log, channel] { close(descriptor) }
    try? FileManager.default.removeItem(atPath: workDirectory)  // Best effort at the end.
  }

  /// What goes with START.
  var descriptors: [Int32] { [leaf.descriptor, outcome, jobEnds[1], jobEnds[2], log, channel, jobEnds[0]] }

  /// Lets go of what only the job needs, so that its end is seen on the log and the channel.
  func closeJobEnds() {
    for descriptor in jobEnds { close(descriptor) }
    jobEnds = []
  }

  /// What the process left: nil if it ended without a word.
  func result(from descriptor: Int32? = nil) throws -> (head: millrace_outcome, bytes: Data)? {
    let file = descriptor ?? outcome
    var head = millrace_outcome()
    let size = MemoryLayout<millrace_outcome>.size
    let length = try withUnsafeMutableBytes(of: &head) {
      try check(pread(file, $0.baseAddress, size, 0), "read the outcome")
    }
    guard length == size, head.magic == MILLRACE_OUTCOME_MAGIC else { return nil }
    var bytes = Data(count: Int(head.result_length))
    try bytes.withUnsafeMutableBytes {
      _ = try check(pread(file, $0.baseAddress, $0.count, size), "read the result")
    }
    return (head, bytes)
  }

  /// The result as a text.
  func resultText() throws -> String {
    guard let result = try result() else { throw TestFailure("the process ended without a word") }
    guard result.head.status == 0, result.head.has_result == 1 else {
      throw TestFailure("no result: \(text(of: result.head.code)): \(text(of: result.head.message))")
    }
    return String(decoding: result.bytes, as: UTF8.self)
  }

  /// The log up to its end.
  func logText() throws -> String {
    closeJobEnds()
    return String(decoding: try FileHandle(fileDescriptor: log).readToEnd() ?? Data(), as: UTF8.self)
  }

  /// Waits until the log holds at least one line, and returns what there is.
  func firstLogLine() throws -> String {
    try waitReadable(log, "the job logs nothing")
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = try check(read(log, &bytes, bytes.count), "read the log")
    return String(decoding: bytes[..<length], as: UTF8.self)
  }

  /// The packets on the channel.
  func progress() throws -> [millrace_progress] {
    var all: [millrace_progress] = []
    while true {
      var packet = millrace_progress()
      let size = MemoryLayout<millrace_progress>.size
      let length = withUnsafeMutableBytes(of: &packet) {
        read(channel, $0.baseAddress, size)
      }
      if length <= 0 { return all }
      if length == size, packet.magic == MILLRACE_PROGRESS_MAGIC { all.append(packet) }
    }
  }

  /// A payload as the runner makes it: the texts and the input behind the head.
  private static func payload(_ handler: String, job: Int64) throws -> Int32 {
    var head = millrace_payload()
    var bytes = Data(count: MemoryLayout<millrace_payload>.size)
    func append(_ text: String) -> UInt64 {
      let offset = bytes.count
      bytes.append(contentsOf: Array(text.utf8) + [0])
      return UInt64(offset)
    }
    head.size = UInt32(MemoryLayout<millrace_payload>.size)
    head.job = job
    head.attempt = 2
    head.deadline_ms = 1_893_456_000_000
    if !handler.isEmpty { head.handler = append(handler) }
    head.trace_parent = append("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    head.parameters = append("{\"a\":1}")
    head.parameters_length = 7
    head.input = UInt64(bytes.count)
    head.input_length = 5
    bytes.append(contentsOf: Array("input".utf8))
    withUnsafeBytes(of: head) { bytes.replaceSubrange(0..<$0.count, with: $0) }
    let file = try check(millrace_memfd_create("payload"), "make the payload")
    try bytes.withUnsafeBytes { _ = try check(write(file, $0.baseAddress, $0.count), "write the payload") }
    try check(millrace_memfd_seal(file), "seal the payload")
    return file
  }
}

/// Stores a text in a fixed array of C.
func store<Field>(_ text: String, in field: inout Field) {
  withUnsafeMutableBytes(of: &field) { target in
    target.copyBytes(from: text.utf8)
    target[text.utf8.count] = 0
  }
}

/// Returns the text in a fixed array of C.
func text<Field>(of field: Field) -> String {
  withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
