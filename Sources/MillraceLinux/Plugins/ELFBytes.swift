/// The bytes of an ELF file of 64 bits whose numbers begin with their lowest byte.
struct ELFBytes {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  static func malformed(_ why: String) -> LinuxError { LinuxError("read a shared library", .malformed(why)) }

  func byte(_ offset: Int) throws -> UInt8 {
    guard bytes.indices.contains(offset) else { throw Self.malformed("it ends too early") }
    return bytes[offset]
  }

  func half(_ offset: Int) throws -> UInt16 { try number(offset) }
  func word(_ offset: Int) throws -> UInt32 { try number(offset) }

  /// Reads 64 bits; what is no place in any file counts as -1.
  func long(_ offset: Int) throws -> Int { Int(exactly: try number(offset) as UInt64) ?? -1 }

  private func number<Number: FixedWidthInteger>(_ offset: Int) throws -> Number {
    let size = MemoryLayout<Number>.size
    guard offset >= 0, offset <= bytes.count - size else { throw Self.malformed("it ends too early") }
    return bytes.withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }

  /// Reads the text that ends with a zero byte within so many bytes.
  func text(_ offset: Int, atMost bound: Int) throws -> String {
    guard offset >= 0, offset < bytes.count else { throw Self.malformed("it ends too early") }
    let part = bytes[offset..<min(bytes.count, offset + bound)]
    guard let end = part.firstIndex(of: 0) else { throw Self.malformed("a text of it has no end") }
    return String(decoding: part[..<end], as: UTF8.self)
  }
}

/// Which parts of an ELF file are loaded where.
struct ELFMap {
  private var parts: [(start: Int, address: Int, length: Int)] = []
  /// Where the list is of what the loader must know.
  private(set) var dynamic: (start: Int, length: Int)?

  private static let (load, dynamicList) = (UInt32(1), UInt32(2))
  /// More parts no file has.
  private static let most = 4096

  init(_ file: ELFBytes) throws {
    let (start, size, count) = (try file.long(32), Int(try file.half(54)), Int(try file.half(56)))
    guard size == 56, count <= Self.most, start >= 0, start <= file.count - count * size else {
      throw ELFBytes.malformed("it says wrongly of which parts it is")
    }
    for head in (0..<count).map({ start + $0 * size }) {
      let kind = try file.word(head)
      guard kind == Self.load || kind == Self.dynamicList else { continue }
      let (offset, address, length) = (
        try file.long(head + 8), try file.long(head + 16), try file.long(head + 32)
      )
      guard offset >= 0, address >= 0, length >= 0, offset <= file.count, length <= file.count - offset else {
        throw ELFBytes.malformed("a part of it lies behind its end")
      }
      if kind == Self.load { parts.append((offset, address, length)) } else { dynamic = (offset, length) }
    }
  }

  /// Returns where in the file so many bytes are that are loaded at an address.
  func place(of address: Int, _ length: Int) throws -> Int {
    for part in parts where address >= part.address && address - part.address <= part.length {
      let offset = address - part.address
      guard length >= 0, length <= part.length - offset else { break }
      return part.start + offset
    }
    throw ELFBytes.malformed("a table of it is not in the file")
  }
}
