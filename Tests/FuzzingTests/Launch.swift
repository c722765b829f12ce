import CMillraceLinux
import Glibc
import MillraceCore

@testable import MillraceLinux

extension FuzzedParser {
  /// What the runner reads of the keeper, of a plugin and of an attempt's process.
  static let launch = [
    FuzzedParser("keeper-packet", longest: 1100) { bytes in
      guard let first = bytes.first else { return }
      let given = try GivenDescriptors(Int(first % 6))
      // It closes or hands on each of them.
      accepted { try KeeperPacket(bytes.dropFirst(), descriptors: given.numbers) }?.close()
      given.demandClosed()
    },
    FuzzedParser("outcome-file", longest: 2048) { bytes in
      let file = try MemoryFile(bytes, room: 4 << 20)
      let most = Bytes(512)
      let contents = OutcomeFile.read(file.descriptor, maxResult: most)
      if case .done(let result?) = contents.word {
        demand(result.bytes.count <= most.rawValue, "a result is within its bound")
      }
      if case .snoozed(let delay, _) = contents.word { demand(delay >= .zero, "nobody wakes before now") }
      demand(contents.checkpoint?.count ?? 0 <= Int(MILLRACE_CHECKPOINT_SLOT), "a checkpoint is in its slot")
    },
    FuzzedParser("manifest") { bytes in
      // As in `parameter-schema`.
      guard !String(decoding: bytes, as: UTF8.self).contains("pattern") else { return }
      let result = JobResult(mediaType: "application/json", bytes: bytes)
      let report = AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(result))
      let plugin = try Manifest.plugin(from: report, file: "/p.so", isLate: false)
      demand(Handler.isValidName(plugin.name), "a plugin has a name")
      demandEqual(Set(plugin.handlers.map(\.name)).count, plugin.handlers.count, "handlers have own names")
    },
  ]
}

/// Descriptors that are given away, all of them one end of a connection.
struct GivenDescriptors: ~Copyable {
  let numbers: [Int32]
  private let otherEnd: Descriptor

  init(_ count: Int) throws {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    try checkErrno(socketpair(AF_UNIX, kind, 0, &pair), "make a connection")
    otherEnd = Descriptor(owning: pair[0])
    let end = Descriptor(owning: pair[1])
    numbers = (0..<count).map { _ in fcntl(end.number, F_DUPFD_CLOEXEC, 0) }
  }

  /// Traps if one of them is still open, or was handed to somebody who has it.
  func demandClosed() {
    var poller = pollfd(fd: otherEnd.number, events: Int16(POLLIN), revents: 0)
    demand(poll(&poller, 1, 5000) == 1 && poller.revents & Int16(POLLHUP) != 0, "descriptors are closed")
  }
}

/// A file in memory.
struct MemoryFile: ~Copyable {
  let descriptor: Descriptor

  /// Makes one of some bytes, with so many zero bytes behind them.
  init(_ bytes: [UInt8], room: Int = 0) throws {
    let file = Descriptor(owning: try check(millrace_memfd_create("fuzz"), "make a file"))
    try bytes.withUnsafeBytes { try file.write($0, "a file") }
    try checkErrno(ftruncate(file.number, off_t(bytes.count + room)), "size a file")
    descriptor = file
  }
}
