extension ScheduleDefinition {
  /// Tells this definition from every other: the SHA-256 of what was written, in hexadecimal.
  package var revision: String { SHA256.hex(of: Array(source.unambiguousText.utf8)) }

  /// Refuses to change or remove a schedule that is no longer as somebody knows it.
  ///
  /// - Parameter revisions: those that somebody knows; nil for whatever it is.
  /// - Throws: `Refusal` (`changed`).
  package func demand(oneOf revisions: Set<String>?) throws(Refusal) {
    guard let revisions, !revisions.contains(revision) else { return }
    throw Refusal(
      .changed, "schedule `\(name)` is not what it was when you looked at it: somebody has changed it",
      hint: "look at it again: `millrace schedule show \(name)`")
  }
}
