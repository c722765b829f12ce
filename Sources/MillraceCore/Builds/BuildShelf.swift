/// The builds that one file of the plugin directory has been, and which of them may serve.
package struct BuildShelf: Hashable, Sendable, Codable {
  /// In the order in which they were put there: the last one is the file as it is, or was.
  package private(set) var builds: [Build] = []
  /// The build that somebody went back to: it holds until another one is put there.
  package private(set) var chosen: String?
  /// Whether the file is there.
  package private(set) var isThere = false

  /// More builds of one file are forgotten, the oldest first.
  package static let most = 20

  package init() {}

  /// The build that lies in the plugin directory; nil if none ever did.
  package var last: Build? { builds.last }

  /// Returns a build; nil if it is none of these.
  package func build(_ sha256: String) -> Build? { builds.first { $0.sha256 == sha256 } }

  /// The file is there with this build. One that was not there a moment ago begins anew: out of quarantine,
  /// and in the place of what somebody went back to.
  package mutating func put(_ sha256: String, at now: Timestamp) {
    defer { isThere = true }
    guard builds.last?.sha256 != sha256 || !isThere else { return }
    var build = build(sha256) ?? Build(sha256: sha256, since: now)
    build.since = now
    build.quarantine = nil
    builds.removeAll { $0.sha256 == sha256 }
    builds.append(build)
    if builds.count > Self.most { builds.removeFirst(builds.count - Self.most) }
    chosen = nil
  }

  /// The file is gone.
  package mutating func remove() { isThere = false }

  /// A build is a plugin that may be used; it leaves a quarantine that it was in for not being one.
  package mutating func accept(_ sha256: String, as plugin: Plugin, signedBy signer: String?) {
    guard let index = builds.firstIndex(where: { $0.sha256 == sha256 }) else { return }
    (builds[index].plugin, builds[index].version) = (plugin.name, plugin.version)
    builds[index].signer = signer
    if builds[index].quarantine?.cause != .crashes { builds[index].quarantine = nil }
  }

  /// A build must not serve any more. One that crashed stays in quarantine for that, whatever else is found.
  package mutating func quarantine(_ sha256: String, _ quarantine: Build.Quarantine) {
    guard let index = builds.firstIndex(where: { $0.sha256 == sha256 }) else { return }
    if let former = builds[index].quarantine {
      guard former.cause != .crashes, (former.cause, former.reason) != (quarantine.cause, quarantine.reason)
      else { return }
    }
    builds[index].quarantine = quarantine
  }

  /// Nothing speaks against a build any more.
  package mutating func release(_ sha256: String) {
    guard let index = builds.firstIndex(where: { $0.sha256 == sha256 }) else { return }
    builds[index].quarantine = nil
  }

  /// The builds that may serve, the one that should first: the file as it is, then what it was before, the
  /// newest first. If somebody went back to one, that is the first, and the file as it is the last.
  package var candidates: [Build] {
    let earlier = builds.dropLast().reversed().filter { $0.plugin != nil && $0.sha256 != chosen }
    let known = [last].compactMap(\.self)
    let inOrder = chosen.map { [build($0)].compactMap(\.self) + earlier + known } ?? known + earlier
    return inOrder.filter { $0.quarantine == nil }
  }

  /// Whether a build other than this one could serve.
  package func hasOther(than sha256: String) -> Bool { candidates.contains { $0.sha256 != sha256 } }

  /// Goes back to the build before the one that serves.
  ///
  /// - Parameters:
  ///   - serving: the SHA-256 of that one.
  ///   - isKept: whether there is a copy of a build.
  /// - Returns: the build that serves from now on; nil if there is none to go back to: nothing has changed.
  package mutating func rollback(from serving: String, where isKept: (String) -> Bool) -> Build? {
    guard let former = former(to: serving, where: isKept) else { return nil }
    chosen = former.sha256
    return former
  }

  /// The builds of which copies are needed: the file as it is, what serves, and what one can go back to.
  package func needed(serving: String?) -> Set<String> {
    guard isThere else { return [] }
    return Set([last?.sha256, chosen, serving, former(to: serving)?.sha256].compactMap(\.self))
  }

  /// The newest build before one that may serve; if nothing serves, before none.
  private func former(to serving: String?, where isKept: (String) -> Bool = { _ in true }) -> Build? {
    let end = builds.firstIndex { $0.sha256 == serving } ?? builds.endIndex
    return builds[..<end].last { $0.plugin != nil && $0.quarantine == nil && isKept($0.sha256) }
  }

  /// Tells what becomes of each build, the newest first.
  package func standings(serving: String?) -> [BuildStanding] {
    builds.reversed().map { build in
      if build.sha256 == serving { return BuildStanding(build, .serving) }
      if build.quarantine != nil { return BuildStanding(build, .quarantined) }
      return BuildStanding(build, build.sha256 == last?.sha256 && chosen != nil ? .rolledBack : .earlier)
    }
  }
}
