import CMillraceLinux
import Glibc
import MillraceCore

/// The packets of the keeper's protocol in Swift's words (see `millrace_keeper.h`).
enum KeeperPacket {
  /// What an attempt's descriptors are for, while it is kept.
  struct Kept {
    var attempt: AttemptID
    var pid: Int32
    var exit: ExitStatus?
    /// Outcome, log, channel; ours to close.
    var descriptors: [Int32]

    /// Closes what was not taken.
    func close() { for descriptor in descriptors { Glibc.close(descriptor) } }
  }

  case hello(pid: Int32, kept: Int)
  case kept(Kept)
  case started(AttemptID)
  case refused(AttemptID, errno: Int32)
  case exited(AttemptID, ExitStatus)

  /// The largest packet that the keeper sends.
  static let capacity = 256
  /// The most descriptors that come with one.
  static let maxDescriptors = 4

  /// Reads a packet; descriptors that are not used are closed. A pidfd is not: the keeper is the parent, and
  /// signals go by the cgroup.
  /// - Throws: `LinuxError` if it is none: then the keeper is not of our build.
  init(_ bytes: ArraySlice<UInt8>, descriptors: [Int32]) throws(LinuxError) {
    var unused = descriptors
    defer { for descriptor in unused { Glibc.close(descriptor) } }
    func load<Packet>(_ type: Packet.Type) throws(LinuxError) -> Packet {
      guard bytes.count == MemoryLayout<Packet>.size else { throw Self.malformed }
      return bytes.withUnsafeBytes { $0.loadUnaligned(as: Packet.self) }
    }
    guard bytes.count >= 4 else { throw Self.malformed }
    switch Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }) {
    case MILLRACE_KEEPER_HELLO:
      let hello = try load(millrace_keeper_hello.self)
      guard hello.protocol == UInt32(MILLRACE_KEEPER_PROTOCOL) else { throw Self.malformed }
      self = .hello(pid: hello.pid, kept: Int(hello.kept))
    case MILLRACE_KEEPER_KEPT:
      let kept = try load(millrace_keeper_kept.self)
      guard descriptors.count == 3 else {
        throw LinuxError(
          "take over what the keeper holds", .missing("its descriptors did not arrive"),
          hint: "raise the runner's limit of open files")
      }
      unused = []
      self = .kept(
        Kept(
          attempt: AttemptID(job: JobID(kept.job), number: Int(kept.attempt)), pid: kept.pid,
          exit: kept.exited == 1 ? Self.exit(kept.code, kept.status) : nil, descriptors: descriptors))
    case MILLRACE_KEEPER_STARTED:
      let started = try load(millrace_keeper_started.self)
      let id = AttemptID(job: JobID(started.job), number: Int(started.attempt))
      self = started.error == 0 ? .started(id) : .refused(id, errno: started.error)
    case MILLRACE_KEEPER_EXITED:
      let exited = try load(millrace_keeper_exited.self)
      self = .exited(
        AttemptID(job: JobID(exited.job), number: Int(exited.attempt)), Self.exit(exited.code, exited.status))
    default: throw Self.malformed
    }
  }

  /// Closes what came with a packet that nobody takes.
  func close() { if case .kept(let record) = self { record.close() } }

  private static let malformed = LinuxError(
    "talk to the keeper", .malformed("a packet of another build"),
    hint: "let the jobs of the old runner end, then start again")

  /// CLD_EXITED is 1; CLD_KILLED and CLD_DUMPED are a signal (waitid(2)).
  private static func exit(_ code: Int32, _ status: Int32) -> ExitStatus {
    code == 1 ? .exited(code: status) : .signalled(signal: status)
  }
}

/// Copies a text into a fixed array of a C struct, zero-terminated.
/// - Throws: `LinuxError` if it does not fit.
func copy<Array>(_ text: String, into array: inout Array, _ doing: @autoclosure () -> String) throws {
  try withUnsafeMutableBytes(of: &array) { target in
    guard text.utf8.count < target.count else {
      throw LinuxError(doing(), .malformed("over \(target.count - 1) bytes long"))
    }
    target.copyBytes(from: text.utf8)
    target[text.utf8.count] = 0
  }
}

/// Returns the text in a fixed array of a C struct, up to its first zero byte.
func text<Array>(of array: Array) -> String {
  withUnsafeBytes(of: array) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
