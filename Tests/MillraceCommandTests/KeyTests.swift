import Testing

@testable import millrace

@Suite("Keys of a terminal")
struct KeyTests {
  private static let sequences: [(bytes: String, key: Key)] = [
    ("\u{1b}[A", .up), ("\u{1b}[B", .down), ("\u{1b}[C", .right), ("\u{1b}[D", .left), ("\u{1b}OA", .up),
    ("\u{1b}OF", .end), ("\u{1b}[H", .home), ("\u{1b}[1~", .home), ("\u{1b}[4~", .end), ("\u{1b}[7~", .home),
    ("\u{1b}[8~", .end), ("\u{1b}[5~", .pageUp), ("\u{1b}[6~", .pageDown), ("\u{1b}[5;2~", .pageUp),
    ("\u{1b}[1;5A", .up), ("\r", .enter), ("\n", .enter), ("\u{7f}", .backspace), ("\u{8}", .backspace),
    ("q", .character("q")), ("?", .character("?")), ("é", .character("é")), ("読", .character("読")),
    ("🙂", .character("🙂")), (" ", .character(" ")),
  ]

  @Test("each is known however its bytes are cut", arguments: sequences)
  func cut(bytes: String, key: Key) {
    let all = Array(bytes.utf8)
    for place in 0...all.count {
      var decoder = KeyDecoder()
      #expect(decoder.feed(all[..<place]) + decoder.feed(all[place...]) == [key], "\(place) of \(all)")
      #expect(!decoder.isPending)
    }
    var single = KeyDecoder()
    #expect(all.flatMap { single.feed([$0]) } == [key])
  }

  @Test("an escape key alone is one when nothing follows it, and before what begins no sequence")
  func escape() {
    var decoder = KeyDecoder()
    #expect(decoder.feed([0x1b]) == [] && decoder.isPending)
    #expect(decoder.flush() == [.escape] && !decoder.isPending)
    #expect(decoder.feed([0x1b, 0x1b]) == [.escape])
    #expect(decoder.flush() == [.escape])
    #expect(decoder.feed(Array("\u{1b}q".utf8)) == [.escape, .character("q")])
    #expect(decoder.feed(Array("\u{1b}[".utf8)) == [])
    #expect(decoder.flush() == [.escape, .character("[")])
    #expect(decoder.flush() == [])
  }

  @Test(
    "what is no key is passed over, and the next one counts",
    arguments: [
      "\u{1b}[99~", "\u{1b}[200~", "\u{1b}[Z", "\u{1b}[?1;2c", "\u{1b}OP", "\u{1}", "\u{1b}[\u{1}",
      "\u{1b}[1\u{e9}",
    ])
  func unknown(bytes: String) {
    var decoder = KeyDecoder()
    let keys = decoder.feed(Array((bytes + "j").utf8))
    #expect(keys.last == .character("j") && !decoder.isPending)
    #expect(keys.dropLast().allSatisfy { $0 == .character("\u{e9}") })
  }

  @Test("wrong bytes and endless sequences end", arguments: [[0xff], [0xc3, 0x28], [0xe8, 0xaa, 0x41]])
  func wrong(bytes: [UInt8]) {
    var decoder = KeyDecoder()
    #expect(decoder.feed(bytes + Array("jj".utf8)).suffix(2) == [.character("j"), .character("j")])
    var endless = KeyDecoder()
    _ = endless.feed(Array("\u{1b}[".utf8) + [UInt8](repeating: UInt8(ascii: "1"), count: 10_000))
    #expect(endless.feed(Array("~j".utf8)).last == .character("j"))
    #expect(!endless.isPending)
  }
}
