import CMillraceLinux
import CMillraceLinux.Libc

/// A START packet that was checked: a job that a process is to be made for.
struct StartRequest {
  let tier: UInt32
  /// Which warm host is to make it.
  let host: UInt32
  let job: Int64
  let attempt: Int32
  /// Who the process becomes; nil if the keeper is no root.
  let identity: Identity?
  let maximumOpenFiles: UInt64
  let maximumResult: Int
  /// When the attempt times out if its payload names no earlier time: ms since 1970, 0 for never.
  let deadline: Int64
  /// Whether its job is told what a cluster has given it: the variables of Slurm and of graphics processors.
  let isAllocated: Bool
  let plugin: UnsafePointer<CChar>
  /// Empty only for a description.
  let directory: UnsafePointer<CChar>
  /// What the attempt is about, if it lies in the packet; its bytes stay where they are.
  let payload: UnsafeRawBufferPointer?
  let descriptors: Descriptors

  /// The descriptors of the packet; -1 for one that it does not have.
  struct Descriptors {
    let leaf: Int32
    let outcome: Int32
    let log: Int32
    let channel: Int32
    var keptLog: Int32 = -1
    var keptChannel: Int32 = -1
    var payload: Int32 = -1

    /// Where those are in the packet that are kept, beside the leaf, when the process is made.
    static let kept = [1, 4, 5]

    /// Closes those of a warm host's packet.
    func close() {
      CMillraceLinux.close(leaf)
      CMillraceLinux.close(outcome)
      CMillraceLinux.close(log)
      CMillraceLinux.close(channel)
      if payload >= 0 { CMillraceLinux.close(payload) }
    }

    /// Sends the packet and what a warm host needs to its socket. Returns a negative errno if that fails.
    func forward(_ packet: Packet, to socket: Int32) -> Int64 {
      withUnsafeBytes(of: (leaf, outcome, log, channel, payload)) { all in
        millrace_send(
          socket, packet.bytes, packet.length, all.assumingMemoryBound(to: Int32.self).baseAddress,
          payload < 0 ? 4 : 5, Int32(MSG_DONTWAIT))
      }
    }
  }

  /// Whether a packet has the length that it says, and as many descriptors as it needs.
  static func isWhole(_ packet: Packet, isForwarded: Bool = false) -> Bool {
    let size = MemoryLayout<millrace_keeper_start>.size
    guard packet.length >= size else { return false }
    let length = packet.bytes.assumingMemoryBound(to: millrace_keeper_start.self).pointee.payload_length
    return length == UInt64(packet.length - size)
      && packet.descriptorCount == (isForwarded ? 4 : 6) + (length == 0 ? 1 : 0)
  }

  /// The largest result that a runner may allow: 1 TiB.
  private static let maximumResultBound: UInt64 = 1 << 40

  /// Reads `packet`, which must stay as it is while this is used. Returns nil if it is not whole, if a text
  /// has no end, or if a number makes no sense.
  init?(_ packet: Packet, isForwarded: Bool = false) {
    guard StartRequest.isWhole(packet, isForwarded: isForwarded) else { return nil }
    let start = packet.bytes.assumingMemoryBound(to: millrace_keeper_start.self)
    let value = start.pointee
    guard
      (UInt32(MILLRACE_TIER_TEMPLATE)...UInt32(MILLRACE_TIER_WARM)).contains(value.tier),
      value.max_result <= StartRequest.maximumResultBound,
      let plugin = FixedText.load(&start.pointee.plugin), plugin.pointee == CChar(UInt8(ascii: "/")),
      let directory = FixedText.load(&start.pointee.work_directory)
    else { return nil }
    let isDescription = value.tier == UInt32(MILLRACE_TIER_DESCRIBE)
    let isAbsolute = directory.pointee == CChar(UInt8(ascii: "/"))
    guard isAbsolute || isDescription && directory.pointee == 0 else { return nil }
    guard value.payload_length == 0 || value.tier != UInt32(MILLRACE_TIER_COLD) else { return nil }
    tier = value.tier
    host = value.host
    job = value.job
    attempt = value.attempt
    // A warm host has its own.
    identity = geteuid() == 0 && !isForwarded ? Identity(uid: value.uid, gid: value.gid) : nil
    // A job never runs as root, nor in root's group.
    if let identity, identity.uid == 0 || identity.gid == 0 { return nil }
    maximumOpenFiles = value.max_open_files
    deadline = 0
    isAllocated = false
    maximumResult = isDescription ? Manifest.maximumSize : Int(value.max_result)
    self.plugin = plugin
    self.directory = directory
    let length = Int(value.payload_length)
    payload =
      length == 0 ? nil : UnsafeRawBufferPointer(start: packet.bytes + packet.length - length, count: length)
    var descriptors = Descriptors(
      leaf: packet.descriptors[0], outcome: packet.descriptors[1], log: packet.descriptors[2],
      channel: packet.descriptors[3])
    if !isForwarded {
      descriptors.keptLog = packet.descriptors[4]
      descriptors.keptChannel = packet.descriptors[5]
    }
    if length == 0 { descriptors.payload = packet.descriptors[isForwarded ? 4 : 6] }
    self.descriptors = descriptors
  }

  /// Reads what the attempt is about.
  func readPayload() throws(HostError) -> Payload {
    if let payload { return try Payload(payload) }
    return try Payload(descriptor: descriptors.payload)
  }
}
