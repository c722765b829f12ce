/// Reads the rules of a time zone from the bytes of its file:
/// [RFC 9636](https://www.rfc-editor.org/rfc/rfc9636).
///
/// The bytes come from the world: nothing is reserved by a count before that many bytes are there.
struct TZifReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The six counts of a header.
  private struct Counts {
    var utc, standard, leaps, changes, types, names: Int

    /// How long the block is.
    func size(ofTime: Int) -> Int {
      changes * (ofTime + 1) + types * 6 + names + leaps * (ofTime + 4) + standard + utc
    }
  }

  /// Reads the whole file.
  mutating func read() throws(ZoneFault) -> ZoneRules {
    let (version, counts) = try header()
    guard version >= 2 else { return try block(counts, sizeOfTime: 4, rule: nil) }
    // The first block is for old readers: 32 bits a time.
    try demand(counts.size(ofTime: 4))
    position += counts.size(ofTime: 4)
    let (_, wide) = try header()
    let start = position
    try demand(wide.size(ofTime: 8))
    position += wide.size(ofTime: 8)
    let rule = try footer()
    position = start
    return try block(wide, sizeOfTime: 8, rule: rule)
  }

  private mutating func header() throws(ZoneFault) -> (version: Int, Counts) {
    if position > 0 { try demand(44) }
    guard bytes.dropFirst(position).starts(with: "TZif".utf8) else { throw .notTZif }
    try demand(44)
    let version = bytes[position + 4]
    guard version == 0 || version >= UInt8(ascii: "2") else { throw .malformed("an unknown version") }
    position += 20
    var numbers: [Int] = []
    for _ in 0..<6 { numbers.append(Int(UInt32(truncatingIfNeeded: integer(4)))) }
    let counts = Counts(
      utc: numbers[0], standard: numbers[1], leaps: numbers[2], changes: numbers[3], types: numbers[4],
      names: numbers[5])
    return (version == 0 ? 1 : Int(version - UInt8(ascii: "0")), counts)
  }

  private mutating func block(
    _ counts: Counts, sizeOfTime: Int, rule: YearlyRule?
  ) throws(ZoneFault) -> ZoneRules {
    try demand(counts.size(ofTime: sizeOfTime))
    guard counts.types > 0, counts.types <= 256 else {
      throw .malformed("\(counts.types) kinds of local time")
    }
    guard counts.leaps == 0 else { throw .leapSeconds }
    guard counts.names > 0, [0, counts.types].contains(counts.standard),
      [0, counts.types].contains(counts.utc)
    else { throw .malformed("its counts do not fit each other") }
    var changes: [Int64] = []
    for _ in 0..<counts.changes {
      let time = integer(sizeOfTime)
      if let last = changes.last, time <= last { throw .malformed("its changes are not in their order") }
      changes.append(time)
    }
    let indices = bytes[position..<position + counts.changes]
    position += counts.changes
    let types = try offsets(counts)
    var offsets: [Int32] = []
    for index in indices {
      guard index < types.count else { throw .malformed("a change to a local time that is not there") }
      offsets.append(types[Int(index)])
    }
    return ZoneRules(changes: changes, offsets: offsets, firstOffset: Int64(types[0]), rule: rule)
  }

  private mutating func offsets(_ counts: Counts) throws(ZoneFault) -> [Int32] {
    var offsets: [Int32] = []
    for _ in 0..<counts.types {
      let offset = integer(4)
      let (isDaylight, name) = (bytes[position], bytes[position + 1])
      position += 2
      // The widest that RFC 9636, 3.2, calls sensible.
      guard (-89_999...93_599).contains(offset) else { throw .malformed("an offset of \(offset) seconds") }
      guard isDaylight <= 1, name < counts.names else { throw .malformed("a broken kind of local time") }
      offsets.append(Int32(offset))
    }
    return offsets
  }

  /// The rule for the future between two line feeds; nil if it is empty.
  private mutating func footer() throws(ZoneFault) -> YearlyRule? {
    try demand(2)
    guard bytes[position] == UInt8(ascii: "\n"),
      let end = bytes[(position + 1)...].firstIndex(of: UInt8(ascii: "\n"))
    else { throw .truncated }
    let text = String(decoding: bytes[position + 1..<end], as: UTF8.self)
    if text.isEmpty { return nil }
    guard let rule = YearlyRuleReader.rule(text) else { throw .malformed("its rule for the future") }
    return rule
  }

  private func demand(_ count: Int) throws(ZoneFault) {
    guard bytes.count - position >= count else { throw .truncated }
  }

  /// Takes a signed number, the highest byte first; the bytes are there.
  private mutating func integer(_ size: Int) -> Int64 {
    var number: Int64 = bytes[position] >= 0x80 ? -1 : 0
    for byte in bytes[position..<position + size] { number = number << 8 | Int64(byte) }
    position += size
    return number
  }
}
