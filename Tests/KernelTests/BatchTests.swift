import Foundation
import TestSupport
import Testing

/// `millrace-host batch` in a cgroup as Slurm makes them: what caps and counts memory is the kernel.
@Suite("Batches under real limits", .serialized, .timeLimit(.minutes(5)))
struct BatchTests {
  /// A group with a limit of memory, and one below it that has none of its own.
  private final class Group {
    let path = "/sys/fs/cgroup/batch-\(UUID().uuidString.prefix(8))"
    var below: String { path + "/task" }

    init(memory: Int) throws {
      for group in [path, below] {
        try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)
      }
      try write("\(memory)", "memory.max")
      try write("0", "memory.swap.max")
    }

    private func write(_ text: String, _ file: String) throws {
      // A kernel without swap has no file for it.
      guard access("\(path)/\(file)", F_OK) == 0 else { return }
      let descriptor = open("\(path)/\(file)", O_WRONLY)
      defer { close(descriptor) }
      guard Glibc.write(descriptor, text, text.utf8.count) > 0 else {
        throw TestFailure("cannot set \(file): \(errno)")
      }
    }

    deinit {
      rmdir(below)
      rmdir(path)
    }
  }

  private func run(_ bundle: TestBundle, in group: Group) async throws -> TestProcess.Run {
    let script = #"echo $$ > "$0/cgroup.procs"; exec "$@""#
    return try await bundle.start(through: ["/bin/sh", "-c", script, group.below]).ended()
  }

  private func balloon(_ attempts: [TestBundle.Attempt], memory: Int, settings: [String] = []) throws
    -> TestBundle
  {
    try TestBundle(
      attempts, plugin: "\(TestProcess.programs)/libballoon.so",
      settings: ["caps required", "memory \(memory)"] + settings)
  }

  @Test("a bundle of one attempt tells the peak of its cgroup, whose limit may be any on the way up")
  func peak() async throws {
    let bundle = try balloon([.init("balloon", parameters: #"{"memory":"24M"}"#)], memory: 96 << 20)
    let group = try Group(memory: 96 << 20)
    let run = try await run(bundle, in: group)
    #expect(run.status == 0, "\(run.errors)")
    let ended = try bundle.words("1.1.ended")
    #expect(ended["exit"] == "0" && ended["oom-kills"] == "0")
    // Before Linux 5.19 the kernel tells no peak.
    let isTold = access("\(group.path)/memory.peak", F_OK) == 0
    #expect(ended["memory-source"] == (isTold ? "cgroup" : "rusage"))
    let peak = try #require(Int(ended["memory-peak"] ?? ""))
    #expect(peak > 24 << 20 && peak <= 96 << 20)
  }

  @Test("a kill for want of memory is counted for its attempt, and the next one runs")
  func outOfMemory() async throws {
    let bundle = try balloon(
      [
        .init("balloon", parameters: #"{"memory":"200M"}"#),
        .init("balloon", id: "2.1", parameters: #"{"memory":"1M"}"#),
      ], memory: 64 << 20)
    let run = try await run(bundle, in: try Group(memory: 64 << 20))
    #expect(run.status == 0, "\(run.errors)")
    let killed = try bundle.words("1.1.ended")
    #expect(killed["signal"] == "9" && killed["stopped"] == nil)
    #expect(Int(killed["oom-kills"] ?? "") ?? 0 >= 1)
    let next = try bundle.words("2.1.ended")
    #expect(next["exit"] == "0" && next["oom-kills"] == "0" && next["memory-source"] == "rusage")
  }

  @Test("a limit that is higher than what was asked for is none")
  func tooHigh() async throws {
    let bundle = try balloon([.init("balloon", parameters: #"{"memory":"1M"}"#)], memory: 64 << 20)
    let run = try await run(bundle, in: try Group(memory: 65 << 20))
    #expect(run.status == 125)
    #expect(try bundle.words("done")["fault"]?.contains("more than the 67108864 that were asked for") == true)
    #expect(bundle.text("1.1.started") == nil)
  }

  @Test("where no group has a limit nothing runs")
  func none() async throws {
    let bundle = try balloon([.init("balloon", parameters: #"{"memory":"1M"}"#)], memory: 64 << 20)
    let run = try await bundle.start().ended()
    #expect(run.status == 125)
    #expect(try bundle.words("done")["fault"]?.contains("memory is not limited on this node") == true)
  }
}
