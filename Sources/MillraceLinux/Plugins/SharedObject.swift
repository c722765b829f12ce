/// A shared library as its file says (elf(5)): read, never loaded. Offsets and counts are the file's own
/// word, so each is checked, and what one may cost has a bound.
package struct SharedObject: Sendable, Equatable {
  /// For which machine it is built: `EM_X86_64` and others.
  package private(set) var machine: UInt16 = 0
  /// Whether it is a shared object, as a plugin must be.
  package private(set) var isShared = false
  /// The libraries that it needs, in order.
  package private(set) var needed: [String] = []
  /// Where these are looked for first; `$ORIGIN` stands for the directory of the file.
  package private(set) var searchPaths: [String] = []
  /// The symbols that others find in it.
  package private(set) var exported: Set<String> = []
  /// The symbols that others must have, those left out that it can do without.
  package private(set) var wanted: [String] = []
  /// The versions of symbols that it has.
  package private(set) var versions: Set<String> = []
  /// The versions that the libraries must have.
  package private(set) var wantedVersions: [WantedVersion] = []

  /// A version of symbols that a library must have: `GLIBC_2.34` of `libc.so.6`.
  package struct WantedVersion: Sendable, Equatable {
    package var library: String
    package var version: String
  }

  /// What is read at most: entries of tables, symbols, bytes of a text.
  private static let most = (entries: 65_536, symbols: 1 << 20, text: 65_536)

  private enum Tag {
    static let (needed, hash, texts, symbols, textSize, path, runPath) = (1, 4, 5, 6, 10, 15, 29)
    static let gnuHash = 0x6fff_fef5
    static let (definitions, definitionCount) = (0x6fff_fffc, 0x6fff_fffd)
    static let (needs, needCount) = (0x6fff_fffe, 0x6fff_ffff)
  }

  /// Reads a file.
  /// - Throws: `LinuxError` (`malformed`) that says what is wrong with it.
  package init(_ bytes: [UInt8]) throws {
    let file = ELFBytes(bytes)
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { throw ELFBytes.malformed("it is no ELF file") }
    guard bytes.count >= 64 else { throw ELFBytes.malformed("it ends within its head") }
    guard bytes[4] == 2, bytes[5] == 1 else {
      throw ELFBytes.malformed(bytes[4] == 1 ? "it is built for 32 bits" : "its bytes are in the wrong order")
    }
    isShared = try file.half(16) == 3
    machine = try file.half(18)
    let map = try ELFMap(file)
    guard let dynamic = map.dynamic else { throw ELFBytes.malformed("it says of no library that it needs") }
    var entries: [Int: Int] = [:]
    var neededTexts: [Int] = []
    for index in 0..<min(dynamic.length / 16, Self.most.entries) {
      let (tag, value) = (
        try file.long(dynamic.start + index * 16), try file.long(dynamic.start + index * 16 + 8)
      )
      if tag == 0 { break }
      if tag == Tag.needed { neededTexts.append(value) } else { entries[tag] = value }
    }
    let texts = try Texts(file, map, entries)
    needed = try neededTexts.map(texts.text)
    if let paths = entries[Tag.runPath] ?? entries[Tag.path] {
      searchPaths = try texts.text(paths).split(separator: ":").map(String.init)
    }
    try readSymbols(file, map, entries, texts)
    try readVersions(file, map, entries, texts)
  }

  /// The table of texts.
  private struct Texts {
    let file: ELFBytes
    let start: Int
    let length: Int

    init(_ file: ELFBytes, _ map: ELFMap, _ entries: [Int: Int]) throws {
      guard let address = entries[Tag.texts], let size = entries[Tag.textSize] else {
        throw ELFBytes.malformed("it has no table of texts")
      }
      self.file = file
      (start, length) = (try map.place(of: address, size), size)
    }

    func text(_ offset: Int) throws -> String {
      guard offset >= 0, offset < length else { throw ELFBytes.malformed("a text of it lies outside") }
      return try file.text(start + offset, atMost: min(length - offset, SharedObject.most.text))
    }
  }

  // MARK: Symbols

  private mutating func readSymbols(
    _ file: ELFBytes, _ map: ELFMap, _ entries: [Int: Int], _ texts: Texts
  ) throws {
    guard let address = entries[Tag.symbols] else { return }
    let count = try Self.symbolCount(file, map, entries)
    guard count <= Self.most.symbols else { throw ELFBytes.malformed("it has \(count) symbols") }
    let start = try map.place(of: address, count * 24)
    for index in stride(from: 1, to: count, by: 1) {
      let symbol = start + index * 24
      let (bind, visibility) = (try file.byte(symbol + 4) >> 4, try file.byte(symbol + 5) & 3)
      let isDefined = try file.half(symbol + 6) != 0
      let isLocal = bind == 0
      // Hidden ones are nobody else's.
      guard !isLocal, visibility == 0 || visibility == 3 else { continue }
      let name = try texts.text(Int(try file.word(symbol)))
      if isDefined {
        exported.insert(name)
      } else if bind != 2, !name.isEmpty {
        wanted.append(name)
      }
    }
  }

  /// How many symbols there are: only the tables by which they are found tell.
  private static func symbolCount(_ file: ELFBytes, _ map: ELFMap, _ entries: [Int: Int]) throws -> Int {
    if let address = entries[Tag.hash] { return Int(try file.word(try map.place(of: address, 8) + 4)) }
    guard let address = entries[Tag.gnuHash] else { throw ELFBytes.malformed("its symbols can't be found") }
    let head = try map.place(of: address, 16)
    let (buckets, first) = (Int(try file.word(head)), Int(try file.word(head + 4)))
    let bloom = Int(try file.word(head + 8))
    guard buckets <= most.symbols, bloom <= most.symbols, first <= most.symbols else {
      throw ELFBytes.malformed("its table of symbols is too large")
    }
    let table = head + 16 + bloom * 8
    var last = 0
    for index in 0..<buckets { last = max(last, Int(try file.word(table + index * 4))) }
    guard last >= first else { return first }
    let chain = table + buckets * 4
    while last < most.symbols, try file.word(chain + (last - first) * 4) & 1 == 0 { last += 1 }
    return last + 1
  }

  // MARK: Versions

  private mutating func readVersions(
    _ file: ELFBytes, _ map: ELFMap, _ entries: [Int: Int], _ texts: Texts
  ) throws {
    try Self.walk(file, map, entries[Tag.definitions], entries[Tag.definitionCount], next: 16) { entry in
      let name = entry + Int(try file.word(entry + 12))
      versions.insert(try texts.text(Int(try file.word(name))))
    }
    try Self.walk(file, map, entries[Tag.needs], entries[Tag.needCount], next: 12) { entry in
      let library = try texts.text(Int(try file.word(entry + 4)))
      var place = entry + Int(try file.word(entry + 8))
      for _ in 0..<Int(try file.half(entry + 2)) {
        // One that is wanted by weak symbols only may be missing.
        if try file.half(place + 4) & 2 == 0 {
          let version = try texts.text(Int(try file.word(place + 8)))
          wantedVersions.append(WantedVersion(library: library, version: version))
        }
        let step = Int(try file.word(place + 12))
        if step == 0 { break }
        place += step
      }
      guard wantedVersions.count <= Self.most.entries else {
        throw ELFBytes.malformed("it wants too many versions")
      }
    }
  }

  /// Goes through a list whose entries say how far away the next one is.
  private static func walk(
    _ file: ELFBytes, _ map: ELFMap, _ address: Int?, _ count: Int?, next: Int,
    _ body: (Int) throws -> Void
  ) throws {
    guard let address, let count, count > 0 else { return }
    var entry = try map.place(of: address, 16)
    for _ in 0..<min(count, most.entries) {
      try body(entry)
      let step = Int(try file.word(entry + next))
      if step == 0 { return }
      entry += step
    }
  }
}
