/// What makes two submissions one job: as long as it holds, the second one gets the first one's job.
package struct JobKey: Hashable, Sendable, Codable {
  /// Among which jobs it is looked for.
  package enum Scope: String, Hashable, Sendable, Codable, CaseIterable { case global, handler }

  /// 1 to 200 characters.
  package var text: String
  package var scope: Scope
  /// How long it holds after the acceptance; nil: until its job has ended.
  package var window: Duration?

  package init(_ text: String, scope: Scope = .handler, window: Duration? = .seconds(86_400)) {
    self.text = text
    self.scope = scope
    self.window = window
  }
}
