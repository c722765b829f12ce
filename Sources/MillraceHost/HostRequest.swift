import CMillraceLinux
import CMillraceLinux.Libc

/// A HOST packet that was checked: a warm host that is to be made.
struct HostRequest {
  let number: UInt32
  /// Who the host is; nil if the keeper is no root.
  let gate: millrace_gate?
  let maximumOpenFiles: UInt64
  let skipsWarmUp: Bool
  let plugin: UnsafePointer<CChar>
  let cgroup: Int32
  let log: Int32
  /// A payload with nothing but the operator's variables in it.
  let payload: Int32

  /// How many descriptors a HOST carries.
  static let descriptorCount: Int32 = 3

  /// Reads `packet`, which must stay as it is while this is used. Returns nil if a text has no end, a number
  /// makes no sense, or descriptors are missing.
  init?(_ packet: Packet) {
    guard packet.length == MemoryLayout<millrace_keeper_host>.size,
      packet.descriptorCount == HostRequest.descriptorCount
    else { return nil }
    let host = packet.bytes.assumingMemoryBound(to: millrace_keeper_host.self)
    let value = host.pointee
    guard let plugin = FixedText.load(&host.pointee.plugin), plugin.pointee == CChar(UInt8(ascii: "/")) else {
      return nil
    }
    number = value.host
    gate =
      geteuid() == 0
      ? millrace_gate(uid: value.uid, gid: value.gid, host_uid: value.host_uid, gate_gid: value.gate_gid)
      : nil
    // Neither the host nor a job runs as root, and no job has what is the host's alone.
    if let gate {
      guard gate.uid != 0, gate.gid != 0, gate.host_uid != 0, gate.gate_gid != 0, gate.uid != gate.host_uid,
        gate.gid != gate.gate_gid
      else { return nil }
    }
    maximumOpenFiles = value.max_open_files
    skipsWarmUp = value.skip_warm_up != 0
    self.plugin = plugin
    cgroup = packet.descriptors[0]
    log = packet.descriptors[1]
    payload = packet.descriptors[2]
  }

  /// Makes a message about this host.
  func news(_ type: Int) -> millrace_keeper_host_news {
    var news = millrace_keeper_host_news()
    news.type = UInt32(type)
    news.host = number
    news.pid = getpid()
    return news
  }
}

/// A PREPARE packet that was checked.
struct PrepareRequest {
  let host: UInt32
  let handler: UnsafePointer<CChar>
  let key: UnsafePointer<CChar>

  /// Reads `packet`, which must stay as it is while this is used. Returns nil for another packet.
  init?(_ packet: Packet) {
    guard packet.type == UInt32(MILLRACE_KEEPER_PREPARE),
      packet.length == MemoryLayout<millrace_keeper_prepare>.size
    else { return nil }
    let prepare = packet.bytes.assumingMemoryBound(to: millrace_keeper_prepare.self)
    guard let handler = FixedText.load(&prepare.pointee.handler),
      let key = FixedText.load(&prepare.pointee.key)
    else { return nil }
    host = prepare.pointee.host
    self.handler = handler
    self.key = key
  }
}
