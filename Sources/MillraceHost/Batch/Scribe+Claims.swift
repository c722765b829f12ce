import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

extension Scribe {
  /// A claim that is to be made: what it says tells whose it is.
  struct Claim {
    let place: Int
    let text: [UInt8]
  }

  /// Claims an attempt: from then on it is this host's, whatever comes of it.
  mutating func claim(_ place: Int) {
    var lines = SpoolLines()
    lines.add("node \(node)")
    lines.add("pid \(getppid())")
    lines.add("time \(wallMicroseconds())")
    make(Claim(place: place, text: lines.bytes))
  }

  /// Makes a claim. If the spool does not say whose the attempt is, it is asked again: who does not know that
  /// must not say how it ended.
  mutating func make(_ claim: Claim) {
    let names = manifest.attempts[claim.place]
    do throws(HostError) {
      guard try spool.claim(names.file("started"), claim.text) else {
        // One that can't be seen may not be there.
        let hasEnded = (try? spool.fetch(names.file("ended"))) ?? false
        return tell(MILLRACE_BATCH_PASSED, claim.place) { $0.status = hasEnded ? 1 : 0 }
      }
    } catch {
      unclaimed.append(claim)
      return complain(error)
    }
    attempts[claim.place] = ScribedAttempt(names, maximumLog: manifest.maximumLog)
    do throws(HostError) { try prepare(claim.place) } catch { refuse(claim.place, error) }
  }

  /// Makes what the attempt's process needs, and hands it to the supervisor.
  private mutating func prepare(_ place: Int) throws(HostError) {
    let names = manifest.attempts[place]
    let hint = "raise the limit of open files"
    try plugins.check(names.plugin)
    let payload = try check(millrace_memfd_create("payload"), "cannot make a file in memory", hint: hint)
    defer { close(payload) }
    try copyPayload(names.file("payload"), to: payload)
    guard let ends = try attempts[place]?.open(), let attempt = attempts[place] else { return }
    defer {
      close(ends.log)
      close(ends.channel)
    }
    try watch(attempt.log, place, 0)
    try watch(attempt.channel, place, 1)
    let news = BatchLink.news(MILLRACE_BATCH_CLAIMED, attempt: place)
    let sent = BatchLink.send(news, to: link, [payload, attempt.outcome, ends.log, ends.channel])
    try check(Int32(min(sent, 0)), "cannot hand over an attempt", hint: hint)
  }

  private func watch(_ descriptor: Int32, _ place: Int, _ bit: UInt64) throws(HostError) {
    try check(
      millrace_epoll_add(epoll, descriptor, UInt64(place) << 1 | bit, EPOLLIN.rawValue),
      "cannot watch a pipe",
      hint: "")
  }

  private func copyPayload(_ name: String, to memory: Int32) throws(HostError) {
    guard let file = try spool.open(name) else {
      throw HostError(
        "`\(name)` is not in the spool", hint: "the runner writes it before it submits the bundle")
    }
    defer { close(file) }
    var block = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = CMillraceLinux.read(file, &block, block.count)
      if count < 0 && millrace_error() == EINTR { continue }
      let result =
        count < 0
        ? -millrace_error()
        : block.withUnsafeBytes {
          SpoolDirectory.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), to: memory)
        }
      try check(result, "cannot copy `\(name)`", hint: "ask for more memory, or look at the spool")
      if count == 0 { break }
    }
    try check(millrace_memfd_seal(memory), "cannot seal a payload", hint: "")
  }

  /// Has an attempt end that never ran, and lets the supervisor know.
  private mutating func refuse(_ place: Int, _ error: HostError) {
    error.report()
    var end = BatchLink.news(MILLRACE_BATCH_ENDED, attempt: place)
    end.ended_us = wallMicroseconds()
    FixedText.store(error.message, in: &end.text)
    attempts[place]?.end = end
    unrecorded.append(place)
    tell(MILLRACE_BATCH_PASSED, place) { $0.status = 2 }
  }
}

/// The plugins of a spool that were found to be what their names say.
struct CheckedPlugins {
  private let spool: SpoolDirectory
  private var checked: [Checked] = []

  private struct Checked {
    let digest: [UInt8]
    let facts: stat
  }

  init(spool: SpoolDirectory) { self.spool = spool }

  /// Where the plugin of a digest lies, seen from the bundle's directory.
  static func file(of digest: [UInt8]) -> String {
    "../../plugins/\(String(decoding: digest, as: UTF8.self)).so"
  }

  /// Computes the digest of a plugin's file unless it is one that was looked at, and has not changed since.
  /// - Throws: what is wrong with the file.
  mutating func check(_ digest: [UInt8]) throws(HostError) {
    let name = CheckedPlugins.file(of: digest)
    guard let file = try spool.open(name) else {
      throw HostError(
        "`\(name)` is not there", hint: "the runner puts plugins into the spool before it submits")
    }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else {
      throw HostError("cannot look at `\(name)`: \(words(for: -millrace_error()))", hint: "")
    }
    let known = checked.contains { $0.digest == digest && CheckedPlugins.areEqual($0.facts, facts) }
    if known { return }
    let found = SHA256.hex(try CheckedPlugins.digest(of: file, name))
    guard found == digest else {
      throw HostError(
        "`\(name)` has another SHA-256 than its name says: \(String(decoding: found, as: UTF8.self))",
        hint: "somebody changed it; remove it, and the runner copies the plugin anew")
    }
    checked.append(Checked(digest: digest, facts: facts))
  }

  private static func digest(of file: Int32, _ name: String) throws(HostError) -> [UInt8] {
    let digest = SHA256()
    var block = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = CMillraceLinux.read(file, &block, block.count)
      if count < 0 && millrace_error() == EINTR { continue }
      guard count >= 0 else {
        throw HostError("cannot read `\(name)`: \(words(for: -millrace_error()))", hint: "look at the spool")
      }
      if count == 0 { return digest.digest() }
      block.withUnsafeBytes { digest.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }

  private static func areEqual(_ left: stat, _ right: stat) -> Bool {
    left.st_dev == right.st_dev && left.st_ino == right.st_ino && left.st_size == right.st_size
      && left.st_mtim.tv_sec == right.st_mtim.tv_sec && left.st_mtim.tv_nsec == right.st_mtim.tv_nsec
      && left.st_ctim.tv_sec == right.st_ctim.tv_sec && left.st_ctim.tv_nsec == right.st_ctim.tv_nsec
  }
}
