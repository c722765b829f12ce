/// A picture that a test draws, as a PNG file.
struct Picture {
  var width: Int
  var height: Int
  /// The colour of a point: red, green, blue and opacity.
  var pixel: (_ x: Int, _ y: Int) -> [UInt8]

  /// A red and blue pattern whose left half is transparent.
  static func pattern(_ width: Int, _ height: Int) -> Picture {
    Picture(width: width, height: height) { x, y in
      [UInt8(truncatingIfNeeded: x), 0, UInt8(truncatingIfNeeded: y), x < width / 2 ? 0 : 255]
    }
  }

  /// The file: 8 bits, with opacity, not compressed (https://www.w3.org/TR/png-3/).
  var png: [UInt8] {
    var rows: [UInt8] = []
    for y in 0..<height {
      rows.append(0)  // This row is stored as it is.
      for x in 0..<width { rows += pixel(x, y) }
    }
    let header = Self.big(width) + Self.big(height) + [8, 6, 0, 0, 0]
    return Self.signature + Self.chunk("IHDR", header) + Self.chunk("IDAT", Self.zlib(rows))
      + Self.chunk("IEND", [])
  }

  /// The header of a PNG file that claims to be of this size, and nothing after it.
  static func pngHeader(_ width: Int, _ height: Int) -> [UInt8] {
    signature + chunk("IHDR", big(width) + big(height) + [8, 6, 0, 0, 0])
  }

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private static func big(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + bytes
    return big(bytes.count) + named + big(Int(crc32(named)))
  }

  /// Wraps bytes in stored blocks (RFC 1950, RFC 1951).
  private static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    for start in stride(from: 0, to: bytes.count, by: 65_535) {
      let block = bytes[start..<min(start + 65_535, bytes.count)]
      let length = [UInt8(block.count & 0xFF), UInt8(block.count >> 8)]
      stream += [block.endIndex == bytes.count ? 1 : 0] + length + length.map { ~$0 } + block
    }
    var low = 1
    var high = 0
    for byte in bytes {
      low = (low + Int(byte)) % 65_521
      high = (high + low) % 65_521
    }
    return stream + big(high << 16 | low)
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}

/// What the header of a picture says, read without the plugin's own reader.
struct PictureHeader: Equatable {
  var kind: String
  var width: Int
  var height: Int
  var isTransparent: Bool

  init(kind: String, width: Int, height: Int, isTransparent: Bool) {
    self.kind = kind
    self.width = width
    self.height = height
    self.isTransparent = isTransparent
  }

  /// Reads a PNG, JPEG or WebP file as libgd writes it; nil if it is none.
  init?(_ bytes: [UInt8]) {
    func number(_ place: Range<Int>) -> Int { bytes[place].reduce(0) { $0 << 8 | Int($1) } }
    func little(_ place: Range<Int>) -> Int { bytes[place].reversed().reduce(0) { $0 << 8 | Int($1) } }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self.init(
        kind: "png", width: number(16..<20), height: number(20..<24), isTransparent: bytes[25] == 6)
    } else if bytes.starts(with: "RIFF".utf8) {
      let isExtended = bytes[12..<16].elementsEqual("VP8X".utf8)
      self.init(
        kind: "webp", width: isExtended ? little(24..<27) + 1 : little(26..<28) & 0x3FFF,
        height: isExtended ? little(27..<30) + 1 : little(28..<30) & 0x3FFF,
        isTransparent: isExtended && bytes[20] & 0x10 != 0)
    } else if bytes.starts(with: [0xFF, 0xD8]),
      let frame = bytes.indices.dropLast(9).first(where: {
        bytes[$0] == 0xFF && (0xC0...0xC2).contains(bytes[$0 + 1])
      })
    {
      self.init(
        kind: "jpeg", width: number(frame + 7..<frame + 9), height: number(frame + 5..<frame + 7),
        isTransparent: false)
    } else {
      return nil
    }
  }
}
