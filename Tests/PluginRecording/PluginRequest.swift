/// What `plugin-harness` is asked to do: one handler, once.
package struct PluginRequest: Codable, Sendable {
  /// The shared library.
  package var library: String
  /// The handler in it.
  package var handler: String
  /// The parameters as JSON text.
  package var parameters: String
  /// The job's own directory, which is also the current one.
  package var workDirectory: String
  /// The file whose bytes are the input; nil for none.
  package var input: String?
  /// The user id that it takes on once the library is loaded, if it is root; nil to stay as it is.
  package var user: UInt32?
  /// Whether it may have no further process.
  package var isAlone = false
  /// Whether each result is refused.
  package var refusesResults = false
  /// What an earlier attempt saved.
  package var checkpoint: String?
  /// The results of other jobs, as text by name.
  package var outputs: [String: String] = [:]
  /// The trace context of the submitter.
  package var traceParent: String?

  package init(library: String, handler: String, parameters: String, workDirectory: String) {
    self.library = library
    self.handler = handler
    self.parameters = parameters
    self.workDirectory = workDirectory
  }
}
