/// Finds the word that somebody may have meant.
package enum Spelling {
  /// Returns the nearest of some words; nil if none is near.
  package static func nearest(to word: String, among known: [String]) -> String? {
    let near = known.map { (word: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
    if let near, near.distance <= max(1, word.count / 3) { return near.word }
    return known.first { $0.hasPrefix(word) || word.hasPrefix($0) }
  }

  /// Returns the end of a sentence that asks for it: ", did you mean `memory`?"; nil if none is near.
  package static func question(about word: String, among known: [String]) -> String? {
    nearest(to: word, among: known).map { ", did you mean `\($0)`?" }
  }

  /// How many letters must be put in, taken out, replaced or swapped with their neighbour.
  package static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
    var rows = [Array(0...right.count)]
    for (i, letter) in left.enumerated() {
      var row = [i + 1]
      for (j, other) in right.enumerated() {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter == other ? 0 : 1))
        if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}
