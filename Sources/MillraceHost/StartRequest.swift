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
  let descriptors: Descriptors

  /// The descriptors of the packet, in their order there.
  struct Descriptors {
    let leaf: Int32
    let payload: Int32
    let outcome: Int32
    let log: Int32
    let channel: Int32
    let keptLog: Int32
    let keptChannel: Int32
  }

  /// How many descriptors a START carries, and how many of them the keeper forwards to a warm host.
  static let descriptorCount = 7
  static let forwardedCount = 5

  /// The largest result that a runner may allow: 1 TiB.
  private static let maximumResultBound: UInt64 = 1 << 40

  /// Reads `packet`, which must stay as it is while this is used. Returns nil if a text has no end or a
  /// number makes no sense.
  init?(_ packet: Packet, isForwarded: Bool = false) {
    let count = isForwarded ? StartRequest.forwardedCount : StartRequest.descriptorCount
    guard packet.length == MemoryLayout<millrace_keeper_start>.size, packet.descriptorCount == count else {
      return nil
    }
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
    descriptors = Descriptors(
      leaf: packet.descriptors[0], payload: packet.descriptors[1], outcome: packet.descriptors[2],
      log: packet.descriptors[3], channel: packet.descriptors[4],
      keptLog: isForwarded ? -1 : packet.descriptors[5],
      keptChannel: isForwarded ? -1 : packet.descriptors[6])
  }
}
