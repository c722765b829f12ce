extension Array {
  /// Returns its elements in order, so many in each part.
  func parts(of counts: [Int]) -> [[Element]] {
    var rest = self[...]
    return counts.map { count in
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }
}
