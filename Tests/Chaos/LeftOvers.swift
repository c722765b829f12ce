import Foundation
import MillraceClient

/// What must not be left when nothing runs any more.
struct LeftOvers {
  private let runner: RunnerProcess

  /// How long the last of it may take to go.
  private static let patience = Duration.seconds(20)
  /// Descriptors that may be open for a connection that is about to end.
  private static let slack = 3

  init(of runner: RunnerProcess) { self.runner = runner }

  /// Returns how many descriptors runner and keeper have open.
  func descriptors() -> [String: Int] {
    var counts: [String: Int] = [:]
    for (name, pid) in processes() {
      // A process that has ended has none.
      counts[name] = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }
    return counts
  }

  /// Returns what is left while the runner is idle; `before` is what runner and keeper had open when they
  /// were idle before.
  func found(before: [String: Int]) -> [String] {
    let deadline = ContinuousClock.now + Self.patience
    while ContinuousClock.now < deadline, !now(before: before).isEmpty { usleep(100_000) }
    return now(before: before)
  }

  private func now(before: [String: Int]) -> [String] {
    let leaves = Self.directories(below: runner.cgroup).filter { group in
      !["runner", "keeper", "p", "p/witness", "p/_describe"].contains(group)
    }.map { "the cgroup `\($0)` is left" }
    // Empty ones are kept for later attempts, as long as the runner runs.
    let place = runner.state + "/work"
    let work = Self.names(in: place).filter { !Self.names(in: place + "/" + $0).isEmpty }
      .map { "the work directory `\($0)` is left" }
    let grown = descriptors().compactMap { name, count -> String? in
      guard let first = before[name], count > first + Self.slack else { return nil }
      return "the \(name) has \(count) descriptors open, before it had \(first)"
    }
    return leaves + work + grown + zombies()
  }

  /// Returns what is left after the runner was stopped.
  func afterStop() -> [String] {
    let cgroup = FileManager.default.fileExists(atPath: runner.cgroup) ? ["its cgroup"] : []
    let work = Self.names(in: runner.state + "/work").sorted().map { "the work directory `\($0)`" }
    return (cgroup + work).map { "the runner left \($0) behind" }
  }

  private func processes() -> [(name: String, pid: String)] {
    ["runner", "keeper"].flatMap { name in
      // Without the group there is no process in it.
      let text = try? String(contentsOfFile: "\(runner.cgroup)/\(name)/cgroup.procs", encoding: .utf8)
      return (text ?? "").split(separator: "\n").map { (name, String($0)) }
    }
  }

  /// The children of runner and keeper that nobody waits for.
  private func zombies() -> [String] {
    let parents = Set(processes().map(\.pid))
    return Self.names(in: "/proc").filter { Int($0) != nil }.compactMap { pid in
      // It may have gone meanwhile.
      let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      let words = status.drop { $0 != ")" }.split(separator: " ")
      guard words.count > 2, words[1] == "Z", parents.contains(String(words[2])) else { return nil }
      return "process \(pid) is a zombie of \(words[2])"
    }
  }

  private static func names(in directory: String) -> [String] {
    // A directory that is not there has none.
    ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
  }

  /// The paths of all directories below one, relative to it.
  private static func directories(below root: String, _ path: String = "") -> [String] {
    names(in: root + "/" + path).flatMap { name -> [String] in
      let inner = path.isEmpty ? name : path + "/" + name
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: "\(root)/\(inner)", isDirectory: &isDirectory),
        isDirectory.boolValue
      else { return [] }
      return [inner] + directories(below: root, inner)
    }
  }
}
