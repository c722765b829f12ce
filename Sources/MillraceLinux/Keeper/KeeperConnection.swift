import CMillraceLinux
import Glibc
import MillraceCore

/// The runner's end of the talk with the keeper.
final class KeeperConnection {
  /// The connected socket, for epoll.
  let socket: Descriptor
  /// What the keeper held when we connected.
  let kept: [KeeperPacket.Kept]
  /// The keeper, if we started it.
  private let process: KeeperProcess?

  /// Connects to the keeper that a former runner left, or starts one in its cgroup.
  init(_ settings: LaunchSettings, in tree: CgroupTree) throws {
    let connected = millrace_connect(settings.keeperSocket)
    if connected >= 0 {
      socket = Descriptor(owning: connected)
      process = nil
    } else {
      guard [ENOENT, ECONNREFUSED].contains(-connected) else {
        throw LinuxError("connect to the keeper at `\(settings.keeperSocket)`", .kernel(-connected))
      }
      unlink(settings.keeperSocket)
      process = try KeeperProcess(settings, in: tree)
      socket = Descriptor(
        owning: try check(millrace_connect(settings.keeperSocket), "connect to the keeper at `\(settings.keeperSocket)`"))
    }
    kept = try Self.readGreeting(socket.number)
  }

  private static func readGreeting(_ socket: Int32) throws -> [KeeperPacket.Kept] {
    guard case .hello(_, let count)? = try receive(socket, wait: true) else {
      throw LinuxError("talk to the keeper", .missing("it did not greet"))
    }
    return try (0..<count).map { _ in
      guard case .kept(let record)? = try receive(socket, wait: true) else {
        throw LinuxError("talk to the keeper", .missing("it did not say what it keeps"))
      }
      return record
    }
  }

  /// Returns the next packet; nil if there is none now.
  /// - Throws: `LinuxError` if the keeper is gone.
  func receive() throws -> KeeperPacket? { try Self.receive(socket.number, wait: false) }

  private static func receive(_ socket: Int32, wait: Bool) throws -> KeeperPacket? {
    try withUnsafeTemporaryAllocation(byteCount: KeeperPacket.capacity, alignment: 8) { bytes in
      var descriptors = [Int32](repeating: -1, count: 4)
      var count = Int32(descriptors.count)
      let length = millrace_receive(
        socket, bytes.baseAddress, bytes.count, &descriptors, &count, wait ? 0 : Int32(MSG_DONTWAIT))
      if length == Int64(-EAGAIN) { return nil }
      try check(length, "read from the keeper")
      guard length > 0, length <= bytes.count, count >= 0 else {
        throw LinuxError("read from the keeper", .missing("it is gone"))
      }
      return try KeeperPacket(
        UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]), descriptors: Array(descriptors.prefix(Int(count))))
    }
  }

  /// Sends a packet with descriptors.
  func send<Packet>(_ packet: Packet, _ descriptors: [Int32] = []) throws {
    let sent = withUnsafeBytes(of: packet) { bytes in
      millrace_send(socket.number, bytes.baseAddress, bytes.count, descriptors, Int32(descriptors.count), 0)
    }
    try check(sent, "write to the keeper")
  }

  /// Tells the keeper that an attempt's end is taken over.
  func forget(_ attempt: AttemptID) throws {
    var packet = millrace_keeper_forget()
    packet.type = UInt32(MILLRACE_KEEPER_FORGET)
    packet.attempt = Int32(attempt.number)
    packet.job = attempt.job.rawValue
    try send(packet)
  }

  /// Tells the keeper to end when nothing is left.
  func quit() throws {
    var packet = millrace_keeper_quit()
    packet.type = UInt32(MILLRACE_KEEPER_QUIT)
    try send(packet)
  }

  /// Waits for the end of a keeper that we started and told to quit, so that its cgroup can be removed.
  func waitForEnd() { process?.waitForEnd() }
}
