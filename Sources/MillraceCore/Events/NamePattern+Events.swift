extension NamePattern {
  /// Makes a pattern of types or subjects of events.
  /// - Returns: nil unless it has 1 to 256 printable characters of ASCII, without spaces.
  package init?(text: String) {
    let bytes = Array(text.utf8)
    guard (1...CloudEvent.longestType).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    self.init(any: text)
  }
}
