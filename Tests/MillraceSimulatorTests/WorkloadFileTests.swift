import Glibc
import Testing

@testable import MillraceSimulator

@Suite("The file of a workload")
struct WorkloadFileTests {
  /// `hello\n`, as `gzip -n` makes it.
  private static let compressed: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02,
    0x00,
    0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00,
  ]

  private static func read(_ bytes: [UInt8]) throws -> [UInt8] {
    var name = Array("/tmp/millrace-workload-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    defer { unlink(name) }
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return try WorkloadFile(reading: path).bytes
  }

  @Test("is read, compressed or not")
  func reading() throws {
    #expect(try Self.read(Self.compressed) == Array("hello\n".utf8))
    #expect(try Self.read(Array("hello\n".utf8)) == Array("hello\n".utf8))
    #expect(try Self.read([]) == [])
  }

  @Test("is refused if it is damaged, cut off or not there")
  func mistakes() throws {
    #expect(throws: SimulatorError.self) { try Self.read(Array(Self.compressed.dropLast(9))) }
    var damaged = Self.compressed
    damaged[13] ^= 0xff
    #expect(throws: SimulatorError.self) { try Self.read(damaged) }
    let error = #expect(throws: SimulatorError.self) { try WorkloadFile(reading: "/nowhere/a") }
    #expect(error?.message == "cannot read `/nowhere/a`: No such file or directory")
    #expect(throws: SimulatorError.self) { try WorkloadFile(reading: "/tmp") }
  }

  @Test("is divided into lines that are counted from 1")
  func lines() throws {
    var lines: [String] = []
    let file = WorkloadFile(path: "a", bytes: Array("a\r\n\nb".utf8))
    try file.forEachLine { number, line in lines.append("\(number):\(Fields.text(line))") }
    #expect(lines == ["1:a", "2:", "3:b"])
  }
}
