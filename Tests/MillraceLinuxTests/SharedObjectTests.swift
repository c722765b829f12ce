import FoundationEssentials
import Glibc
import MillraceCore
import TestSupport
import Testing

@testable import MillraceLinux

@Suite("Shared libraries that are read")
struct SharedObjectTests {
  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  private static func reason(_ bytes: [UInt8]) -> String {
    do {
      _ = try SharedObject(bytes)
      return "it is read"
    } catch {
      guard case .malformed(let why)? = (error as? LinuxError)?.reason else { return "\(error)" }
      return why
    }
  }

  @Test("a plugin tells its machine, its symbols and what it needs")
  func plugin() throws {
    let object = try SharedObject(try Self.bytes(try FixturePlugin.build(of: "BUILD=one", "MISSING")))
    #expect(object.isShared && [62, 183].contains(object.machine))
    #expect(object.exported.contains("millrace_plugin_describe"))
    #expect(object.needed == ["libc.so.6"])
    #expect(object.wanted.contains("nobody_has_this"))
    #expect(object.wantedVersions.contains { $0.library == "libc.so.6" && $0.version.hasPrefix("GLIBC_2.") })
  }

  @Test("what is no such file is refused with the reason")
  func refused() throws {
    let good = try Self.bytes(try FixturePlugin.build(of: "BUILD=one"))
    #expect(Self.reason(Array("#!/bin/sh".utf8)) == "it is no ELF file")
    #expect(Self.reason(Array(good.prefix(40))) == "it ends within its head")
    #expect(Self.reason(Array(good.prefix(good.count / 4))) == "a part of it lies behind its end")
    var other = good
    other[4] = 1
    #expect(Self.reason(other) == "it is built for 32 bits")
    other = good
    other.replaceSubrange(32..<40, with: [UInt8](repeating: 0xff, count: 8))
    #expect(Self.reason(other) == "it says wrongly of which parts it is")
  }

  @Test("no damage to the head or the tables traps, or takes long")
  func damaged() throws {
    let good = try Self.bytes(try FixturePlugin.build(of: "BUILD=one"))
    var lots = SeededGenerator(seed: 7)
    for round in 0..<2000 {
      var bytes = good
      for _ in 0..<8 {
        bytes[Int.random(in: 0..<(round % 2 == 0 ? 2048 : good.count), using: &lots)] = .random(
          in: 0...255, using: &lots)
      }
      _ = Self.reason(bytes)
      _ = Self.reason(Array(good.prefix(.random(in: 0..<good.count, using: &lots))))
    }
  }

  @Test("libraries, versions and symbols that are not there are told")
  func linkage() throws {
    func faults(_ macros: [String], _ change: (inout [UInt8]) -> Void = { _ in }) throws -> [String] {
      let path =
        try macros.count == 1
        ? FixturePlugin.build(of: macros[0]) : FixturePlugin.build(of: macros[0], macros[1])
      var bytes = try Self.bytes(path)
      change(&bytes)
      return Linkage(of: try SharedObject(bytes), at: path).faults
    }
    func replace(_ word: String, _ other: String, in bytes: inout [UInt8]) {
      for start in bytes.indices.dropLast(word.utf8.count) where bytes[start...].starts(with: word.utf8) {
        bytes.replaceSubrange(start..<(start + word.utf8.count), with: other.utf8)
      }
    }
    #expect(try faults(["BUILD=one"]) == [])
    #expect(
      try faults(["BUILD=one", "MISSING"])
        == ["it needs `nobody_has_this`, which no library that it names has"])
    #expect(
      try faults(["BUILD=one"]) { replace("libc.so.6\0", "libq.so.6\0", in: &$0) }.first
        == "it needs the library `libq.so.6`, which is not there")
    #expect(
      try faults(["BUILD=one"]) { replace("GLIBC_2.2.5\0", "GLIBC_2.9.5\0", in: &$0) }
        == ["it needs version `GLIBC_2.9.5` of `libc.so.6`, which is older"])
  }
}
