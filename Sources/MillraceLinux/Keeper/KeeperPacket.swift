import CMillraceLinux
import Glibc
import MillraceCore

/// The packets of the keeper's protocol in Swift's words (see `millrace_keeper.h`).
enum KeeperPacket {
  /// What an attempt's descriptors are for, while it is kept.
  struct Kept {
    var attempt: AttemptID
    /// 0 if it is no child of this keeper.
    var pid: Int32
    var exit: ProcessExit?
    /// How it was started; nil if that is no tier of jobs.
    var tier: StartTier?
    /// Outcome, log, channel, pidfd; ours to close.
    var descriptors: [Int32]

    /// Closes what was not taken.
    func close() { for descriptor in descriptors { Glibc.close(descriptor) } }
  }

  case hello(pid: Int32, kept: Int)
  case kept(Kept)
  /// With its pidfd, ours to close, what the fork took a warm host, zero if that is not known, and how it
  /// ended if it has.
  case started(AttemptID, pidfd: Int32, fork: Duration, exit: ProcessExit?)
  case refused(AttemptID, errno: Int32)
  case exited(AttemptID, ProcessExit)
  /// A part of what the keeper keeps; `next` is where the next part begins, nil behind the last.
  case listed([AttemptID], next: Int?)
  case host(HostNews)

  /// What a warm host says, or its end.
  struct HostNews: Equatable {
    var host: UInt32
    var kind: Kind
    /// Why it can't fork, or was not prepared; nil if it can and was.
    var refusal: String?
    /// What loading the plugin took, and `warm_up` or `prepare`.
    var load: Duration = .zero
    var work: Duration = .zero

    enum Kind: Equatable {
      case ready, prepared
      case gone(ExitStatus)
    }
  }

  /// The largest packet that the keeper sends.
  static let capacity = 1024
  /// The most descriptors that come with one.
  static let maxDescriptors = 4

  /// Reads a packet; descriptors that are not used are closed.
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
      guard descriptors.count == 4 else { throw Self.descriptorsLost }
      unused = []
      self = .kept(
        Kept(
          attempt: AttemptID(job: JobID(kept.job), number: Int(kept.attempt)), pid: kept.pid,
          exit: kept.exited == 1 ? ProcessExit(kept.code, kept.status, kept.ended_us) : nil,
          tier: StartTier.allCases.first { $0.number == Int(kept.tier) },
          descriptors: descriptors))
    case MILLRACE_KEEPER_STARTED:
      let started = try load(millrace_keeper_started.self)
      let id = AttemptID(job: JobID(started.job), number: Int(started.attempt))
      guard started.error == 0 else {
        self = .refused(id, errno: started.error)
        return
      }
      guard descriptors.count == 1 else { throw Self.descriptorsLost }
      unused = []
      self = .started(
        id, pidfd: descriptors[0], fork: .microseconds(Int64(clamping: started.fork_us)),
        exit: started.exited == 1 ? ProcessExit(started.code, started.status, started.ended_us) : nil)
    case MILLRACE_KEEPER_EXITED:
      let exited = try load(millrace_keeper_exited.self)
      self = .exited(
        AttemptID(job: JobID(exited.job), number: Int(exited.attempt)),
        ProcessExit(exited.code, exited.status, exited.ended_us))
    case MILLRACE_KEEPER_LISTED: self = Self.listed(try load(millrace_keeper_listed.self))
    case MILLRACE_KEEPER_READY, MILLRACE_KEEPER_PREPARED, MILLRACE_KEEPER_GONE:
      self = .host(HostNews(try load(millrace_keeper_host_news.self)))
    default: throw Self.malformed
    }
  }

  /// Closes what came with a packet that nobody takes.
  func close() {
    switch self {
    case .kept(let record): record.close()
    case .started(_, let pidfd, _, _): Glibc.close(pidfd)
    case .hello, .refused, .exited, .listed, .host: break
    }
  }

  private static let descriptorsLost = LinuxError(
    "take over what the keeper holds", .missing("its descriptors did not arrive"),
    hint: "raise the runner's limit of open files")

  private static func listed(_ listed: millrace_keeper_listed) -> KeeperPacket {
    let count = min(Int(listed.count), Int(MILLRACE_KEEPER_PAGE))
    let ids = withUnsafeBytes(of: listed.jobs) { jobs in
      withUnsafeBytes(of: listed.attempts) { attempts in
        (0..<count).map { index in
          AttemptID(
            job: JobID(jobs.load(fromByteOffset: index * 8, as: Int64.self)),
            number: Int(attempts.load(fromByteOffset: index * 4, as: Int32.self)))
        }
      }
    }
    let next = Int(listed.from) + Int(MILLRACE_KEEPER_PAGE)
    return .listed(ids, next: next < Int(listed.total) ? next : nil)
  }

  private static let malformed = LinuxError(
    "talk to the keeper", .malformed("a packet of another build"),
    hint: "let the jobs of the old runner end, then start again")
}

extension StartTier {
  /// The number in the keeper's protocol.
  var number: Int {
    switch self {
    case .warm: MILLRACE_TIER_WARM
    case .template: MILLRACE_TIER_TEMPLATE
    case .cold: MILLRACE_TIER_COLD
    }
  }
}

extension KeeperPacket.HostNews {
  fileprivate init(_ news: millrace_keeper_host_news) {
    host = news.host
    switch Int(news.type) {
    case MILLRACE_KEEPER_READY: kind = .ready
    case MILLRACE_KEEPER_PREPARED: kind = .prepared
    default: kind = .gone(ProcessExit(news.code, news.status, 0).status)
    }
    refusal = news.is_refused == 0 ? nil : text(of: news.reason)
    load = .microseconds(Int64(clamping: news.load_us))
    work = .microseconds(Int64(clamping: news.work_us))
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
