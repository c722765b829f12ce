import Foundation
import MillraceLinux
import Testing

struct HeapTests {
  @Test("what is free goes back to the kernel, though blocks in use lie between")
  func trim() throws {
    let size = 4096 * 8
    var kept: [UnsafeMutableRawPointer] = []
    defer { kept.forEach { $0.deallocate() } }
    // Smaller blocks than malloc maps by themselves; each second one is freed.
    let blocks = (0..<4096).map { _ -> UnsafeMutableRawPointer in
      let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      memset(block, 1, size)
      return block
    }
    for (index, block) in blocks.enumerated() {
      if index.isMultiple(of: 2) { kept.append(block) } else { block.deallocate() }
    }
    let before = try own()
    Heap.trim()
    let after = try own()
    #expect(before - after > blocks.count / 2 * size * 3 / 4)
    #expect(kept.allSatisfy { $0.load(fromByteOffset: size - 1, as: UInt8.self) == 1 })
  }

  /// The memory of this process that is not of files, in bytes.
  private func own() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
    return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) * 1024
  }
}
