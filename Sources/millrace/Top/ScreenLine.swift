/// One line of the screen: parts of it, each in its tone.
struct ScreenLine {
  private(set) var parts: [(text: String, tone: Tone)] = []

  init() {}

  init(_ text: String, _ tone: Tone = .plain) { add(text, tone) }

  /// Adds a part; whatever is in it, it can't leave its place.
  mutating func add(_ text: String, _ tone: Tone = .plain) { parts.append((text.onScreen, tone)) }

  /// Adds a word, with two blanks before it if it is not the first.
  mutating func word(_ text: String, _ tone: Tone = .plain) {
    if text.isEmpty { return }
    if !parts.isEmpty { add("  ") }
    add(text, tone)
  }

  /// Returns the line for a terminal, cut to so many cells.
  func text(cells: Int, paint: Paint) -> String {
    var left = cells
    var text = ""
    for part in parts where left > 0 {
      let kept = ScreenText.cut(part.text, to: left)
      left -= ScreenText.width(kept)
      text += paint(kept, part.tone)
      // What is cut ends the line, though something narrower would fit behind it.
      if kept != part.text { break }
    }
    return text
  }

  /// Returns the line in reverse video over its whole width.
  func reversed(cells: Int, paint: Paint) -> String {
    let plain = text(cells: cells, paint: Paint(isOn: false))
    return paint.isOn ? "\u{1b}[7m\(ScreenText.fitted(plain, to: cells))\u{1b}[0m" : plain
  }
}
