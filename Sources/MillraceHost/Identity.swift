import CMillraceLinux
import CMillraceLinux.Libc

/// Who a job's process is: never root.
struct Identity {
  let uid: UInt32
  let gid: UInt32

  /// The user and group `nobody` if this process is root, nil otherwise. The numbers are the kernel's
  /// overflow ids, so that no name service has to be asked.
  static func nobodyIfRoot() -> Identity? {
    geteuid() == 0 ? Identity(uid: 65534, gid: 65534) : nil
  }

  /// Gives up every way to gain rights, for this process and all its descendants: no_new_privs, an empty
  /// bounding and ambient set, locked secure bits. What it may do now, it still may.
  static func renounce() throws(HostError) {
    let hint = "Linux 5.14 or newer is needed"
    try check(millrace_set_no_new_privileges(), "cannot set no_new_privs", hint: hint)
    try check(millrace_drop_ambient_set(), "cannot drop the ambient capabilities", hint: hint)
    guard geteuid() == 0 else { return }
    let rootHint = "root without CAP_SETPCAP can't hold jobs down; run as an ordinary user"
    try check(millrace_drop_bounding_set(), "cannot drop the bounding set", hint: rootHint)
    try check(millrace_lock_secure_bits(), "cannot lock the secure bits", hint: rootHint)
  }

  /// Becomes this user and group, alone in no other group and without any capability. No way leads back
  /// after `renounce`.
  func assume() throws(HostError) {
    try check(
      millrace_set_identity(uid, gid), "cannot become user \(uid), group \(gid)",
      hint: "the runner needs CAP_SETUID and CAP_SETGID")
    try Identity.dropCapabilities()
  }

  /// Becomes a warm host, without any capability (`millrace_gate`).
  static func pass(_ gate: millrace_gate) throws(HostError) {
    var gate = gate
    try check(
      millrace_pass_gate(&gate), "cannot become user \(gate.host_uid), group \(gate.gate_gid)",
      hint: "the runner needs CAP_SETUID and CAP_SETGID")
    try dropCapabilities()
  }

  /// Becomes a job of a warm host. No way leads back.
  static func leave(_ gate: millrace_gate) throws(HostError) {
    try check(
      millrace_leave_gate(gate.uid, gate.gid), "cannot become user \(gate.uid), group \(gate.gid)", hint: "")
  }

  /// Drops all capabilities of this process.
  static func dropCapabilities() throws(HostError) {
    try check(millrace_drop_capabilities(), "cannot drop all capabilities", hint: "the kernel refused capset")
  }
}
