import CMillraceLinux
import Foundation
import TestSupport

/// A packet from the keeper.
enum KeeperMessage {
  case hello(millrace_keeper_hello)
  case kept(millrace_keeper_kept, [Int32])
  case started(millrace_keeper_started, pidfd: Int32?)
  case exited(millrace_keeper_exited)
  case listed(millrace_keeper_listed)
}

/// A keeper of its own for a test, which plays the runner.
final class KeeperProcess {
  let pid: Int32
  private let pidfd: Int32
  private let socketPath: String
  private(set) var socket: Int32 = -1
  private var isReaped = false

  /// Starts a keeper.
  ///
  /// - Parameters:
  ///   - preload: libraries to load ahead.
  ///   - prefix: a program, with its arguments, that becomes the keeper.
  ///   - group: where it is started.
  /// - Throws: what could not be made.
  init(preload: [String] = [], through prefix: [String] = [], in group: TestLeaf? = nil) throws {
    socketPath = TestDirectory.newPath("keeper")
    let listener = try check(millrace_listen(socketPath, 4), "listen at \(socketPath)")
    let null = try check(millrace_open(AT_FDCWD, "/dev/null", O_RDWR, 0), "open /dev/null")
    defer {
      close(listener)
      close(null)
    }
    let words =
      prefix + [HostProgram.path, "keeper", "--socket-fd", "3"] + preload.flatMap { ["--preload", $0] }
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var started: Int32 = -1
    let descriptors = [null, null, STDERR_FILENO, listener]
    pid = try arguments.withUnsafeBufferPointer { arguments in
      try descriptors.withUnsafeBufferPointer { descriptors in
        let environment: [UnsafeMutablePointer<CChar>?] = [nil]
        return try environment.withUnsafeBufferPointer { environment in
          var program = millrace_program(
            path: arguments[0], arguments: arguments.baseAddress, environment: environment.baseAddress,
            descriptors: descriptors.baseAddress, descriptor_count: Int32(descriptors.count),
            cgroup: group?.descriptor ?? -1)
          return try check(millrace_spawn(&program, &started), "start the keeper")
        }
      }
    }
    pidfd = started
  }

  /// Starts a keeper and connects to it.
  static func connected(preload: [String] = []) throws -> KeeperProcess {
    let keeper = try KeeperProcess(preload: preload)
    guard try keeper.connect().kept == 0 else { throw TestFailure("a new keeper keeps something") }
    return keeper
  }

  deinit {
    disconnect()
    if !isReaped {
      _ = millrace_pidfd_send_signal(pidfd, SIGKILL)
      var ending = millrace_ending()
      _ = millrace_wait_pidfd(pidfd, 1, &ending)
    }
    close(pidfd)
    unlink(socketPath)
  }

  /// Connects as a runner and returns the keeper's greeting.
  @discardableResult
  func connect() throws -> millrace_keeper_hello {
    socket = try openConnection()
    guard case .hello(let hello) = try next() else { throw TestFailure("the keeper did not greet") }
    return hello
  }

  /// Opens a connection and nothing more.
  func openConnection() throws -> Int32 {
    try check(millrace_connect(socketPath), "connect to the keeper")
  }

  func disconnect() {
    guard socket >= 0 else { return }
    // A program that another test starts just now may still hold a copy.
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
    socket = -1
  }

  /// Waits for the next packet.
  func next() throws -> KeeperMessage {
    try waitReadable(socket, "the keeper says nothing")
    var bytes = [UInt64](repeating: 0, count: 128)
    var descriptors = [Int32](repeating: -1, count: 16)
    var count: Int32 = 16
    let length = try bytes.withUnsafeMutableBytes {
      try check(millrace_receive(socket, $0.baseAddress, $0.count, &descriptors, &count, 0), "receive")
    }
    return try bytes.withUnsafeBytes { bytes in
      func load<Message>(_ type: Message.Type) throws -> Message {
        guard length == MemoryLayout<Message>.size else { throw TestFailure("a packet of \(length) bytes") }
        return bytes.load(as: type)
      }
      switch Int(bytes.load(as: UInt32.self)) {
      case MILLRACE_KEEPER_HELLO: return .hello(try load(millrace_keeper_hello.self))
      case MILLRACE_KEEPER_KEPT:
        return .kept(try load(millrace_keeper_kept.self), Array(descriptors.prefix(Int(count))))
      case MILLRACE_KEEPER_STARTED:
        return .started(try load(millrace_keeper_started.self), pidfd: count == 1 ? descriptors[0] : nil)
      case MILLRACE_KEEPER_LISTED: return .listed(try load(millrace_keeper_listed.self))
      case MILLRACE_KEEPER_EXITED: return .exited(try load(millrace_keeper_exited.self))
      default: throw TestFailure("a packet of \(length) bytes of no known type")
      }
    }
  }

  /// Waits for the end of an attempt.
  func nextExit() throws -> millrace_keeper_exited {
    guard case .exited(let exited) = try next() else { throw TestFailure("something else than EXITED") }
    return exited
  }

  /// Sends a packet.
  func send<Message>(_ message: Message, _ descriptors: [Int32] = []) throws {
    try withUnsafeBytes(of: message) { bytes in
      _ = try check(
        millrace_send(socket, bytes.baseAddress, bytes.count, descriptors, Int32(descriptors.count), 0),
        "send")
    }
  }

  /// Sends a packet if the socket takes it now.
  func trySend<Message>(_ message: Message) throws -> Bool {
    let result = withUnsafeBytes(of: message) {
      millrace_send(socket, $0.baseAddress, $0.count, nil, 0, Int32(MSG_DONTWAIT))
    }
    if result == -Int64(EAGAIN) { return false }
    try check(result, "send")
    return true
  }

  /// Asks for a process and returns the answer.
  func start(_ attempt: TestAttempt) throws -> (millrace_keeper_started, pidfd: Int32?) {
    try send(attempt.request, attempt.descriptors)
    guard case .started(let started, let pidfd) = try next() else { throw TestFailure("no answer to START") }
    return (started, pidfd)
  }

  /// Runs an attempt to its end.
  func run(_ attempt: TestAttempt) throws -> millrace_keeper_exited {
    let (started, pidfd) = try start(attempt)
    if let pidfd { close(pidfd) }
    try check(-started.error, "start the attempt")
    attempt.closeJobEnds()
    return try nextExit()
  }

  /// Has it hold an attempt that another keeper started.
  func hold(_ attempt: TestAttempt, pidfd: Int32) throws {
    var hold = millrace_keeper_hold()
    hold.type = UInt32(MILLRACE_KEEPER_HOLD)
    hold.attempt = attempt.request.attempt
    hold.job = attempt.request.job
    try send(hold, [attempt.outcome, attempt.log, attempt.channel, pidfd])
  }

  /// Asks what it keeps.
  func list(from index: Int = 0) throws -> millrace_keeper_listed {
    try send(millrace_keeper_list(type: UInt32(MILLRACE_KEEPER_LIST), from: UInt32(index)))
    guard case .listed(let listed) = try next() else { throw TestFailure("no answer to LIST") }
    return listed
  }

  func forget(_ attempt: TestAttempt) throws {
    var packet = millrace_keeper_forget()
    (packet.type, packet.count) = (UInt32(MILLRACE_KEEPER_FORGET), 1)
    (packet.jobs.0, packet.attempts.0) = (attempt.request.job, attempt.request.attempt)
    try send(packet)
  }

  func quit() throws { try send(millrace_keeper_quit(type: UInt32(MILLRACE_KEEPER_QUIT), reserved: 0)) }

  func signal(_ number: Int32) throws { try check(millrace_pidfd_send_signal(pidfd, number), "signal") }

  /// Waits for its end.
  func ending() throws -> millrace_ending {
    try waitReadable(pidfd, "the keeper does not end")
    var ending = millrace_ending()
    try check(millrace_wait_pidfd(pidfd, 1, &ending), "wait for the keeper")
    isReaped = true
    return ending
  }

  /// Changes how many descriptors it may have.
  func limitDescriptors(to count: Int) throws {
    let program = Process()
    program.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    program.arguments = ["prlimit", "--pid", "\(pid)", "--nofile=\(count):"]
    try program.run()
    program.waitUntilExit()
    guard program.terminationStatus == 0 else { throw TestFailure("cannot limit the keeper") }
  }

  /// How many descriptors it has open.
  func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
  }
}

/// Waits until something can be read.
func waitReadable(_ descriptor: Int32, _ complaint: String) throws {
  var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  while true {
    let ready = poll(&waited, 1, 60_000)
    if ready < 0 && errno == EINTR { continue }
    guard ready > 0 else { throw TestFailure(complaint) }
    return
  }
}
