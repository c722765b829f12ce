import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import Testing
import TestSupport

@testable import MillraceLinux

@Suite(.timeLimit(.minutes(1)))
struct LogTests {
  private let directory: TemporaryDirectory
  private let attempt = AttemptID(job: JobID(7), number: 2)

  init() throws { directory = try TemporaryDirectory() }

  private func logs(cap: Bytes = .mebibytes(1)) -> LogFiles {
    LogFiles(directory: directory.path, cap: cap, log: Logger(label: "test"))
  }

  private func append(_ bytes: [UInt8], to logs: LogFiles) {
    bytes.withUnsafeBytes { logs.append(attempt, $0) }
  }

  private func append(_ text: String, to logs: LogFiles) { append(Array(text.utf8), to: logs) }

  private func kept(_ logs: LogFiles) throws -> [UInt8] {
    try logs.read(attempt, from: 0, atMost: 16 << 20) ?? []
  }

  /// Bytes that tell where they were.
  private func counted(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: $0 / 251 &+ $0) }
  }

  @Test("all of a log is kept up to the cap", arguments: [1, 2, 1000, 512 << 10, (512 << 10) + 1, 1 << 20])
  func underTheCap(_ length: Int) throws {
    let logs = logs()
    logs.begin(attempt)
    append(counted(0..<length), to: logs)
    logs.end(attempt)
    #expect(try kept(logs) == counted(0..<length))
  }

  @Test(
    "over the cap, head and tail are kept and the count between them is right",
    arguments: [
      (1, 1 << 20), (100_000, 4096), (3 << 20, 65536), (3 << 20, 1000), (1 << 20, 1 << 20),
    ])
  func overTheCap(_ excess: Int, _ piece: Int) throws {
    let cap = 1 << 20
    let all = counted(0..<(cap + excess))
    let logs = logs()
    logs.begin(attempt)
    for start in stride(from: 0, to: all.count, by: piece) {
      append(Array(all[start..<min(start + piece, all.count)]), to: logs)
    }
    logs.end(attempt)
    let head = all.prefix(cap - CappedLog.maxTail)
    let tail = all.suffix(CappedLog.maxTail)
    let line = Array("\n… \(excess) bytes dropped …\n".utf8)
    #expect(try kept(logs) == Array(head) + line + Array(tail))
  }

  @Test("a cap under the tail's usual length is kept too", arguments: [1000, 64 << 10, 256 << 10])
  func smallCap(_ cap: Int) throws {
    let logs = logs(cap: Bytes(Int64(cap)))
    logs.begin(attempt)
    let all = counted(0..<(2 * cap))
    append(all, to: logs)
    logs.end(attempt)
    let line = Array("\n… \(cap) bytes dropped …\n".utf8)
    #expect(try kept(logs) == Array(all.prefix(cap / 2)) + line + Array(all.suffix(cap / 2)))
  }

  @Test("a log that a former runner began goes on behind it, under the same cap")
  func goesOn() throws {
    let former = logs(cap: .kibibytes(8))
    former.begin(attempt)
    append(counted(0..<3000), to: former)
    // The former runner is gone without a word.
    let logs = logs(cap: .kibibytes(8))
    logs.begin(attempt)
    append(counted(3000..<12000), to: logs)
    logs.end(attempt)
    let line = Array("\n… \(12000 - 8192) bytes dropped …\n".utf8)
    #expect(try kept(logs) == counted(0..<4096) + line + counted((12000 - 4096)..<12000))
  }

  @Test("an attempt without output has an empty log and no file")
  func silent() throws {
    let logs = logs()
    logs.begin(attempt)
    append("", to: logs)
    logs.end(attempt)
    #expect(try kept(logs).isEmpty)
    #expect(access("\(directory.path)/7/2.log", F_OK) != 0)
  }

  @Test("a log is read from an offset")
  func offset() throws {
    let logs = logs()
    logs.begin(attempt)
    append("0123456789", to: logs)
    #expect(try logs.read(attempt, from: 4, atMost: 3) == Array("456".utf8))
    #expect(try logs.read(attempt, from: 10, atMost: 3) == [])
    #expect(try logs.read(attempt, from: 99, atMost: 3) == [])
    #expect(throws: LinuxError.self) { try logs.read(attempt, from: -1, atMost: 3) }
    logs.end(attempt)
  }

  @Test("following begins before the first byte and ends with the attempt")
  func follow() async throws {
    let logs = logs()
    logs.begin(attempt)
    var pieces = try #require(logs.follow(attempt)).makeAsyncIterator()
    append("first ", to: logs)
    #expect(await pieces.next() == Array("first ".utf8))
    append("second", to: logs)
    #expect(await pieces.next() == Array("second".utf8))
    logs.end(attempt)
    #expect(await pieces.next() == nil)
  }

  @Test("a follower gets the tail, which is written at the end, too")
  func followTail() async throws {
    let logs = logs(cap: Bytes(100))
    logs.begin(attempt)
    let pieces = try #require(logs.follow(attempt))
    append(String(repeating: "a", count: 50) + String(repeating: "b", count: 50) + "c", to: logs)
    logs.end(attempt)
    let all = await pieces.reduce(into: []) { $0 += $1 }
    let line = "\n… 1 bytes dropped …\n"
    let tail = String(repeating: "b", count: 49) + "c"
    #expect(String(decoding: all, as: UTF8.self) == String(repeating: "a", count: 50) + line + tail)
  }

  @Test("two followers get the same, each at its own pace")
  func twoFollowers() async throws {
    let logs = logs()
    logs.begin(attempt)
    var quick = try #require(logs.follow(attempt)).makeAsyncIterator()
    let slow = try #require(logs.follow(attempt))
    #expect(logs.followerCount(attempt) == 2)
    append("one ", to: logs)
    #expect(await quick.next() == Array("one ".utf8))
    append("two", to: logs)
    #expect(await quick.next() == Array("two".utf8))
    logs.end(attempt)
    #expect(await quick.next() == nil)
    #expect(await slow.reduce(into: []) { $0 += $1 } == Array("one two".utf8))
  }

  @Test("a follower that goes away is forgotten, and the log goes on")
  func followerGoes() async throws {
    let logs = logs()
    logs.begin(attempt)
    append("one", to: logs)
    do {
      let pieces = try #require(logs.follow(attempt))
      for await _ in pieces { break }
    }
    #expect(logs.followerCount(attempt) == 0)
    append("two", to: logs)
    logs.end(attempt)
    #expect(try kept(logs) == Array("onetwo".utf8))
  }

  @Test("a follower that is cancelled while it waits ends at once")
  func followerCancelled() async throws {
    let logs = logs()
    logs.begin(attempt)
    append("one", to: logs)
    let pieces = try #require(logs.follow(attempt))
    let (firsts, sawFirst) = AsyncStream<Void>.makeStream()
    let reader = Task {
      var all: [UInt8] = []
      for await piece in pieces {
        all += piece
        sawFirst.yield()
      }
      return all
    }
    for await _ in firsts { break }
    reader.cancel()
    #expect(await reader.value == Array("one".utf8))
    logs.end(attempt)
  }

  @Test("following an attempt that has ended gives what is kept")
  func followEnded() async throws {
    let logs = logs()
    logs.begin(attempt)
    append("done", to: logs)
    logs.end(attempt)
    #expect(await logs.follow(attempt)?.reduce(into: []) { $0 += $1 } == Array("done".utf8))
  }

  @Test("a full disk costs lines, not the attempt; what comes later is kept once there is room")
  func fullDisk() throws {
    let disk = try SmallDisk(kibibytes: 16, at: directory.path + "/small")
    let logs = LogFiles(directory: disk.path, cap: .kibibytes(64), log: Logger(label: "test"))
    logs.begin(attempt)
    let all = counted(0..<20_000)
    append(all, to: logs)
    append(counted(20_000..<30_000), to: logs)
    let full = try #require(try logs.read(attempt, from: 0, atMost: 1 << 20))
    #expect(full == Array(all.prefix(full.count)))
    #expect(full.count < all.count, "the disk is full")
    try disk.grow(toKibibytes: 128)
    append("the end", to: logs)
    logs.end(attempt)
    #expect(try logs.read(attempt, from: 0, atMost: 1 << 20) == counted(0..<30_000) + Array("the end".utf8))
  }

  @Test("a log whose directory can't be made is no error of the attempt")
  func noDirectory() throws {
    let logs = LogFiles(directory: directory.path + "/none", cap: .kibibytes(64), log: Logger(label: "test"))
    logs.begin(attempt)
    append("lost", to: logs)
    logs.end(attempt)
    #expect(try logs.read(attempt, from: 0, atMost: 10) == [])
  }
}
