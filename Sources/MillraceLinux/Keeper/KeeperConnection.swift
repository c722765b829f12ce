import CMillraceLinux
import Glibc
import MillraceCore

/// The runner's end of the talk with the keeper. Nothing here waits for longer than `patience`.
final class KeeperConnection {
  /// The connected socket, for epoll.
  let socket: Descriptor
  /// What the keeper held when we connected and nobody has taken over yet.
  private var kept: [KeeperPacket.Kept]
  /// Packets that came while there was no room to send.
  private var pending: [KeeperPacket] = []
  private let process: KeeperProcess

  /// How long the keeper may take to answer, in ms.
  private static let patience: Int32 = 10_000

  /// Connects to the keeper that a former runner left, or starts one in its cgroup.
  init(_ settings: LaunchSettings, in tree: CgroupTree) throws {
    let path = settings.keeperSocket
    if let greeted = try Self.find(path) {
      process = try KeeperProcess(existing: greeted.pid)
      kept = greeted.kept
      socket = greeted.socket
      return
    }
    unlink(path)
    let process = try KeeperProcess(settings, in: tree)
    do {
      let greeted = try Self.greet(
        Descriptor(owning: try check(millrace_connect(path), "connect to the keeper at `\(path)`")))
      kept = greeted.kept
      socket = greeted.socket
      self.process = process
    } catch {
      process.end()
      throw error
    }
  }

  deinit {
    for record in kept { record.close() }
    for packet in pending { packet.close() }
  }

  /// A connection on which the keeper has greeted.
  private struct Greeted: ~Copyable {
    let socket: Descriptor
    let pid: Int32
    let kept: [KeeperPacket.Kept]
  }

  /// Connects to a keeper that is there already; nil if there is none.
  private static func find(_ path: String) throws -> Greeted? {
    // One that is about to end hangs up; its socket is closed before ours is.
    for isLast in [false, true] {
      let connected = millrace_connect(path)
      if [-ENOENT, -ECONNREFUSED].contains(connected) { return nil }
      try check(connected, "connect to the keeper at `\(path)`")
      do {
        return try greet(Descriptor(owning: connected))
      } catch let error where error.isHangUp && !isLast {}
    }
    return nil
  }

  private static func greet(_ socket: consuming Descriptor) throws -> Greeted {
    var kept: [KeeperPacket.Kept] = []
    let pid: Int32
    do {
      guard case .hello(let number, let count) = try wait(socket.number) else { throw unexpected }
      pid = number
      for _ in 0..<count {
        guard case .kept(let record) = try wait(socket.number) else { throw unexpected }
        kept.append(record)
      }
    } catch {
      for record in kept { record.close() }
      throw error
    }
    return Greeted(socket: socket, pid: pid, kept: kept)
  }

  private static let unexpected = LinuxError("talk to the keeper", .malformed("it did not greet"))

  /// Waits for the next packet.
  private static func wait(_ socket: Int32) throws -> KeeperPacket {
    while true {
      if let packet = try receive(socket) { return packet }
      try awaitEvents(Int16(POLLIN), socket, "it says nothing")
    }
  }

  @discardableResult
  private static func awaitEvents(
    _ events: Int16, _ socket: Int32, _ complaint: String
  ) throws -> Int16 {
    var poller = pollfd(fd: socket, events: events, revents: 0)
    let count = poll(&poller, 1, patience)
    guard count > 0 || count < 0 && errno == EINTR else {
      throw LinuxError("talk to the keeper", .missing(complaint))
    }
    return count > 0 ? poller.revents : 0
  }

  /// Returns what is kept and may be taken over; the caller closes its descriptors. Nothing is left then.
  func takeKept() -> [KeeperPacket.Kept] {
    defer { kept = [] }
    return kept
  }

  /// Notes the end of an attempt that may still be taken over; false if it is none of them.
  func noteEnd(_ attempt: AttemptID, _ exit: ProcessExit) -> Bool {
    guard let index = kept.firstIndex(where: { $0.attempt == attempt }) else { return false }
    kept[index].exit = exit
    return true
  }

  /// Whether packets wait that epoll does not tell of.
  var hasPending: Bool { !pending.isEmpty }

  /// Returns the next packet; nil if there is none now.
  /// - Throws: `LinuxError` if the keeper is gone.
  func receive() throws -> KeeperPacket? {
    pending.isEmpty ? try Self.receive(socket.number) : pending.removeFirst()
  }

  private static func receive(_ socket: Int32) throws -> KeeperPacket? {
    var bytes = [UInt8](repeating: 0, count: KeeperPacket.capacity)
    var descriptors = [Int32](repeating: -1, count: KeeperPacket.maxDescriptors)
    var count = Int32(descriptors.count)
    let length = millrace_receive(socket, &bytes, bytes.count, &descriptors, &count, Int32(MSG_DONTWAIT))
    if length == Int64(-EAGAIN) { return nil }
    guard length >= 0 else { throw LinuxError("talk to the keeper", .kernel(Int32(-length))) }
    guard length > 0 else { throw LinuxError("talk to the keeper", .kernel(ECONNRESET)) }
    return try KeeperPacket(
      bytes.prefix(Int(length)), descriptors: Array(descriptors.prefix(max(0, Int(count)))))
  }

  /// Sends a packet with bytes behind it and descriptors.
  ///
  /// The keeper reads nothing while it can't get rid of its own packets: if there is no room, those are
  /// taken in first. `hasPending` tells of them.
  func send<Packet>(_ packet: Packet, _ tail: [UInt8] = [], _ descriptors: [Int32] = []) throws {
    while true {
      let sent = withUnsafeBytes(of: packet) { bytes in
        millrace_send_parts(
          socket.number, bytes.baseAddress, bytes.count, tail, tail.count, descriptors,
          Int32(descriptors.count),
          Int32(MSG_DONTWAIT))
      }
      guard sent == Int64(-EAGAIN) else {
        guard sent >= 0 else { throw LinuxError("talk to the keeper", .kernel(Int32(-sent))) }
        return
      }
      let events = try Self.awaitEvents(Int16(POLLIN | POLLOUT), socket.number, "it does not listen")
      guard events & Int16(POLLIN) != 0 else { continue }
      while let packet = try Self.receive(socket.number) { pending.append(packet) }
    }
  }

  /// Tells the keeper that the ends of attempts are taken over.
  func forget(_ attempts: [AttemptID]) throws {
    for first in stride(from: 0, to: attempts.count, by: Int(MILLRACE_KEEPER_PAGE)) {
      let page = attempts[first..<min(attempts.count, first + Int(MILLRACE_KEEPER_PAGE))]
      var packet = millrace_keeper_forget()
      packet.type = UInt32(MILLRACE_KEEPER_FORGET)
      packet.count = UInt32(page.count)
      let (jobs, numbers) = (page.map(\.job.rawValue), page.map { Int32($0.number) })
      withUnsafeMutableBytes(of: &packet.jobs) { field in jobs.withUnsafeBytes(field.copyMemory) }
      withUnsafeMutableBytes(of: &packet.attempts) { field in numbers.withUnsafeBytes(field.copyMemory) }
      try send(packet)
    }
  }

  /// Has the keeper hold an attempt that another one started; `exit` is nil while it is not known.
  func hold(
    _ attempt: AttemptID, _ exit: ProcessExit?, tier: StartTier?, descriptors: [Int32]
  ) throws {
    var packet = millrace_keeper_hold()
    packet.type = UInt32(MILLRACE_KEEPER_HOLD)
    packet.attempt = Int32(attempt.number)
    packet.job = attempt.job.rawValue
    switch exit?.status {
    case .exited(let code): (packet.exited, packet.code, packet.status) = (1, Int32(CLD_EXITED), code)
    case .signalled(let signal): (packet.exited, packet.code, packet.status) = (1, Int32(CLD_KILLED), signal)
    case nil: break
    }
    packet.tier = UInt32(tier?.number ?? 0)
    packet.ended_us = exit?.time.rawValue ?? 0
    try send(packet, [], descriptors)
  }

  /// Asks which attempts the keeper has, from an index on; the answer is a packet.
  func list(from index: Int) throws {
    var packet = millrace_keeper_list()
    packet.type = UInt32(MILLRACE_KEEPER_LIST)
    packet.from = UInt32(index)
    try send(packet)
  }

  /// Has a warm host made in a cgroup; its answer is a packet. `log` gets what it prints.
  func openHost(_ packet: millrace_keeper_host, cgroup: Int32, log: Int32, payload: Int32) throws {
    try send(packet, [], [cgroup, log, payload])
  }

  /// Has a warm host prepared for a key; the answer is a packet.
  func prepare(_ host: UInt32, for binding: WarmPool.Binding) throws {
    var packet = millrace_keeper_prepare()
    packet.type = UInt32(MILLRACE_KEEPER_PREPARE)
    packet.host = host
    try copy(binding.handler, into: &packet.handler, "prepare for `\(binding.handler)`")
    try copy(binding.key, into: &packet.key, "prepare for the key `\(binding.key)`")
    try send(packet)
  }

  /// Has a warm host end when it has done what it was asked for.
  func closeHost(_ host: UInt32) throws {
    var packet = millrace_keeper_prepare()
    packet.type = UInt32(MILLRACE_KEEPER_CLOSE)
    packet.host = host
    try send(packet)
  }

  /// Tells the keeper to end when nothing is left.
  func quit() throws {
    var packet = millrace_keeper_quit()
    packet.type = UInt32(MILLRACE_KEEPER_QUIT)
    try send(packet)
  }

  /// Waits for the end of a keeper that has nothing to do any more, so that its cgroup can be removed.
  /// - Returns: false if it did not end in time.
  func waitForEnd() -> Bool { process.waitForEnd(atMost: Self.patience) }
}

extension Error {
  /// Whether the other end of a connection has closed it.
  var isHangUp: Bool { (self as? LinuxError)?.reason == .kernel(ECONNRESET) }
}
