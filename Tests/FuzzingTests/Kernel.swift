import MillraceCore
import MillraceEngine

@testable import MillraceLinux

extension FuzzedParser {
  /// Files of the kernel, and of those who run Millrace.
  static let kernel = [
    FuzzedParser("cgroup-keys") { bytes in
      let keys: [StaticString] = ["inactive_file", "oom_kill", "max", "usage_usec"]
      for key in keys {
        let number = accepted { try CgroupFiles.number(of: key, in: bytes.span, "f") }
        guard let number, let number else { continue }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let words = lines.map { $0.split(separator: " ") }.first { $0.first.map(String.init) == "\(key)" }
        demandEqual(words?.last.flatMap { Int64($0) }, number, "the number of a key")
      }
    },
    FuzzedParser("cgroup-number", longest: 64) { bytes in
      let number = try CgroupFiles.single(bytes.span, "f")
      demandEqual(try CgroupFiles.single(Array("\(number)\n".utf8).span, "f"), number, "a number again")
    },
    FuzzedParser("io-stat") { bytes in
      let sums = try CgroupFiles.ioStat(bytes.span)
      let text = "8:0 rbytes=\(sums.read.rawValue) wbytes=\(sums.written.rawValue)\n"
      let again = try CgroupFiles.ioStat(Array(text.utf8).span)
      demand(again == sums, "sums that are read again")
    },
    FuzzedParser("pressure", longest: 256) { bytes in
      demand((0...100).contains(try MachineFiles.stall(bytes.span)), "a stall is a part")
    },
    FuzzedParser("meminfo") { bytes in
      let memory = try MachineFiles.memory(bytes.span)
      demand(memory.total.rawValue % 1024 == 0, "a size in KiB")
    },
    FuzzedParser("loadavg", longest: 64) { bytes in
      demand((0..<1e20).contains(try MachineFiles.load(bytes.span)), "a load is a number")
    },
    FuzzedParser(text: "mountinfo") { text in
      _ = CgroupMount(mountInfo: text)
      if let group = CgroupMount.ownGroup(text) { demand(group.hasPrefix("/"), "a group is a path") }
    },
    FuzzedParser(text: "proc-stat", longest: 1024) { text in
      let stat = try ProcessStat(text: text)
      let filler = Array(repeating: "0", count: 17).joined(separator: " ")
      demandEqual(
        try ProcessStat(text: "1 (a) b) S \(stat.parent) \(filler) \(stat.startTime) 0"), stat,
        "a process that is read again")
    },
    FuzzedParser(text: "token-file") { text in
      let lines = try TokenFile.lines(of: text, in: "/tokens")
      let written = lines.map { "\($0.holder.name) \($0.holder.role.rawValue) \(Token.prefix)\($0.digest)\n" }
      let again = try TokenFile.lines(of: written.joined(), in: "/tokens")
      demandEqual(again.map(\.digest), lines.map(\.digest), "digests that are read again")
      demandEqual(again.map(\.holder.name), lines.map(\.holder.name), "names that are read again")
    },
  ]
}
