import MillraceCore
import Testing

@testable import millrace

@Suite("Text on a screen")
struct ScreenTextTests {
  @Test(
    "takes two cells where it is wide, and none where it stands on another",
    arguments: [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("読む", 4), ("한", 2), ("🙂", 2), ("ａ", 2), ("…", 1),
      ("\u{1112}\u{1161}\u{11ab}", 2),
    ])
  func width(text: String, cells: Int) { #expect(ScreenText.width(text) == cells) }

  @Test("is cut before what does not fit, and filled to its width")
  func fitted() {
    #expect(ScreenText.cut("読む", to: 3) == "読" && ScreenText.cut("abc", to: 0) == "")
    #expect(ScreenText.fitted("読む", to: 3) == "読 " && ScreenText.fitted("ab", to: 4, right: true) == "  ab")
    #expect(ScreenText.wrapped("abcde", to: 2) == ["ab", "cd", "e"])
    #expect(ScreenText.wrapped("", to: 2) == [""] && ScreenText.wrapped("読む", to: 1).joined().isEmpty)
  }

  @Test(
    "has nothing in it that moves a cursor, changes colours or the direction of writing",
    arguments: [
      ("a\u{1b}[31mb", "a\u{fffd}[31mb"), ("a\nb\tc", "a\\nb c"), ("a\u{9b}1mb", "a\u{fffd}1mb"),
      ("a\u{202e}b\u{2066}c", "abc"), ("a\u{200d}b\u{fe0f}c\u{2028}", "abc"), ("\u{7f}", "\u{fffd}"),
      ("a\u{ad}b\u{feff}", "ab"), ("読む", "読む"),
    ])
  func onScreen(text: String, shown: String) { #expect(text.onScreen == shown) }

  @Test("a line is cut with its tones, and colours end where they should")
  func line() {
    var line = ScreenLine("ab", .good)
    line.word("cd", .bad)
    #expect(line.text(cells: 5, paint: Paint(isOn: true)) == "\u{1b}[32mab\u{1b}[0m  \u{1b}[31mc\u{1b}[0m")
    #expect(line.text(cells: 2, paint: Paint(isOn: false)) == "ab")
    #expect(line.reversed(cells: 8, paint: Paint(isOn: true)) == "\u{1b}[7mab  cd  \u{1b}[0m")
    #expect(line.reversed(cells: 8, paint: Paint(isOn: false)) == "ab  cd")
  }

  @Test("bars and clocks keep within their bounds")
  func bars() {
    #expect(Bar.text(of: 0.5, cells: 4) == "[##..]" && Bar.text(of: -1, cells: 2) == "[..]")
    #expect(Bar.text(of: .nan, cells: 2) == "[..]" && Bar.text(of: 9, cells: 2) == "[##]")
    #expect(Bar.percent(0.999) == 99 && Bar.percent(1) == 100 && Bar.part(1, of: 0) == 0)
    #expect(ClockSpan.text(.seconds(7)) == "0:07" && ClockSpan.text(.seconds(3723)) == "1:02:03")
    #expect(ClockSpan.text(.seconds(-5)) == "0:00" && ClockSpan.text(.seconds(273_600)) == "3d 4h")
  }
}
