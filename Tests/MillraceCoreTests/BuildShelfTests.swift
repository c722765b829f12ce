import MillraceCore
import TestSupport
import Testing

@Suite("The builds that a file was")
struct BuildShelfTests {
  /// A shelf with builds a, b, … that describe themselves, put there one after the other.
  private static func shelf(_ digits: String) -> BuildShelf {
    var shelf = BuildShelf()
    for (index, digit) in digits.enumerated() {
      let plugin = Sample.plugin("x", digit: String(digit))
      shelf.put(plugin.sha256, at: Sample.time(Int64(index)))
      shelf.accept(plugin.sha256, as: plugin, signedBy: nil)
    }
    return shelf
  }

  private static func sha(_ digit: String) -> String { String(repeating: digit, count: 64) }

  private static func digits(_ builds: [Build]) -> String { String(builds.compactMap(\.sha256.first)) }

  private static let crashed = Build.Quarantine(.crashes, "it crashed", since: Sample.time(9))

  @Test("what lies there serves; behind it what it was, the newest first")
  func order() {
    let shelf = Self.shelf("abc")
    #expect(Self.digits(shelf.candidates) == "cba")
    #expect(shelf.standings(serving: Self.sha("c")).map(\.state) == [.serving, .earlier, .earlier])
  }

  @Test("a build in quarantine does not serve, until another one is put there")
  func quarantine() {
    var shelf = Self.shelf("ab")
    shelf.quarantine(Self.sha("b"), Self.crashed)
    shelf.put(Self.sha("b"), at: Sample.time(10))
    #expect(Self.digits(shelf.candidates) == "a")
    #expect(shelf.standings(serving: Self.sha("a")).map(\.state) == [.quarantined, .serving])
    shelf.put(Self.sha("c"), at: Sample.time(11))
    #expect(Self.digits(shelf.candidates) == "ca")
    shelf.put(Self.sha("b"), at: Sample.time(12))
    #expect(Self.digits(shelf.candidates) == "ba", "c never said what it is")
  }

  @Test("a build that is no plugin leaves its quarantine when it is one, one that crashed does not")
  func accepted() {
    var shelf = Self.shelf("ab")
    let plugin = Sample.plugin("x", digit: "b")
    shelf.quarantine(
      Self.sha("b"), Build.Quarantine(.description, "a library is missing", since: Sample.time(5)))
    #expect(Self.digits(shelf.candidates) == "a")
    shelf.accept(plugin.sha256, as: plugin, signedBy: "me")
    #expect(Self.digits(shelf.candidates) == "ba" && shelf.last?.signer == "me")
    shelf.quarantine(plugin.sha256, Self.crashed)
    shelf.accept(plugin.sha256, as: plugin, signedBy: "me")
    #expect(Self.digits(shelf.candidates) == "a")
  }

  @Test("a build that nobody has signed who may serves when that is mended, unless it crashed, too")
  func signed() {
    var shelf = Self.shelf("abc")
    let unsigned = Build.Quarantine(.signature, "it is not signed", since: Sample.time(5))
    for digit in ["a", "b"] { shelf.quarantine(Self.sha(digit), unsigned) }
    shelf.release(Self.sha("b"))
    #expect(Self.digits(shelf.candidates) == "cb")
    shelf.quarantine(Self.sha("c"), Self.crashed)
    shelf.quarantine(Self.sha("c"), unsigned)
    #expect(shelf.last?.quarantine == Self.crashed)
  }

  @Test("one can go back as long as there is a build before, and it holds until another one is put there")
  func rollback() {
    var shelf = Self.shelf("abc")
    #expect(shelf.rollback(from: Self.sha("c")) { _ in true }?.sha256 == Self.sha("b"))
    #expect(Self.digits(shelf.candidates) == "bac")
    #expect(shelf.standings(serving: Self.sha("b")).map(\.state) == [.rolledBack, .serving, .earlier])
    shelf.put(Self.sha("c"), at: Sample.time(9))
    #expect(Self.digits(shelf.candidates) == "bac", "the file is as it was")
    #expect(shelf.rollback(from: Self.sha("b")) { _ in true }?.sha256 == Self.sha("a"))
    #expect(shelf.rollback(from: Self.sha("a")) { _ in true } == nil)
    shelf.put(Self.sha("d"), at: Sample.time(10))
    #expect(Self.digits(shelf.candidates).first == "d" && shelf.chosen == nil)
  }

  @Test("one does not go back to a build without a copy, or in quarantine")
  func unfit() {
    var shelf = Self.shelf("abcd")
    shelf.quarantine(Self.sha("c"), Self.crashed)
    let found = shelf.rollback(from: Self.sha("d")) { $0 != Self.sha("b") }
    #expect(found?.sha256 == Self.sha("a"))
  }

  @Test("a file that was away begins anew, even with the same build")
  func away() {
    var shelf = Self.shelf("ab")
    shelf.quarantine(Self.sha("b"), Self.crashed)
    shelf.remove()
    #expect(shelf.needed(serving: nil) == [])
    shelf.put(Self.sha("b"), at: Sample.time(20))
    #expect(shelf.last?.quarantine == nil && shelf.last?.since == Sample.time(20))
  }

  @Test("copies are needed of what lies there, what serves, and what one can go back to")
  func needed() {
    var shelf = Self.shelf("abc")
    #expect(shelf.needed(serving: Self.sha("c")) == [Self.sha("c"), Self.sha("b")])
    _ = shelf.rollback(from: Self.sha("c")) { _ in true }
    #expect(shelf.needed(serving: Self.sha("b")) == [Self.sha("c"), Self.sha("b"), Self.sha("a")])
  }

  @Test("only so many builds are remembered")
  func bound() {
    var shelf = BuildShelf()
    for index in 0..<50 { shelf.put("\(index)", at: Sample.time(Int64(index))) }
    #expect(shelf.builds.count == BuildShelf.most && shelf.last?.sha256 == "49")
  }
}
