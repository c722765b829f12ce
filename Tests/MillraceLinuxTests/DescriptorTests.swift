import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import MillraceLinux

struct DescriptorTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test("a file is read whole, whatever its length", arguments: [0, 1, 4095, 4096, 4097, 8192, 65536])
  func whole(_ length: Int) throws {
    let text = String(repeating: "x", count: length)
    try Data(text.utf8).write(to: URL(filePath: directory.path + "/file"))
    let file = try Descriptor(opening: directory.path + "/file", flags: O_RDONLY)
    #expect(try file.contents("file") == text)
    #expect(try file.contents("file") == text, "it is read from its start again")
  }

  @Test("a file over the bound is refused, not cut")
  func bound() throws {
    try Data("123456".utf8).write(to: URL(filePath: directory.path + "/file"))
    let file = try Descriptor(opening: directory.path + "/file", flags: O_RDONLY)
    #expect(try file.contents(atMost: 6, "file") == "123456")
    let error = #expect(throws: LinuxError.self) { try file.contents(atMost: 5, "file") }
    #expect(error?.reason == .malformed("it is over 5 bytes long"))
  }

  @Test("a file that is not there is nil, one that may not be opened is an error")
  func ifThere() throws {
    let none = try Descriptor.ifThere(directory.path + "/none", flags: O_RDONLY) == nil
    #expect(none)
    let error = #expect(throws: LinuxError.self) {
      _ = try Descriptor.ifThere(directory.path, flags: O_WRONLY)
    }
    #expect(error?.reason == .kernel(EISDIR))
  }
}
