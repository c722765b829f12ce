import Glibc
import Logging
import MillraceCore
import MillraceEngine

/// Looks at the files of the plugin directory, and decides which build of each serves.
actor PluginScanner {
  private let settings: PluginDirectory.Settings
  private let launcher: any Launcher
  private let log: Logger
  private let now: @Sendable () -> Timestamp
  private let amend: PluginDirectory.Amendment
  private let signatures: SignedBuilds?
  /// What was found in each file that has not changed since, by name.
  private var seen: [String: Seen] = [:]
  /// What builds say of themselves, by SHA-256.
  private var described: [String: Plugin] = [:]
  /// Those that have not told all yet.
  private var unsettled = UnsettledDescriptions()
  /// The file of each plugin in use, and its build.
  private var serving: [String: (file: String, sha256: String)] = [:]
  /// The directories of files that belong to plugins: those that are there, and those that a plugin wants.
  private(set) var folders: [String] = []
  /// What the files in them were at the last look, by the name of the plugin's file.
  private var known: [String: [String: PluginFolder.Known]] = [:]
  private var index: BuildIndex
  private var hasIndex = false

  private struct Seen {
    var marks: [PluginFile.Mark?]
    /// The identity of the files that belong to it.
    var files: String
    var build: FoundBuild
  }

  /// A build that lies in the directory.
  private struct FoundBuild {
    var sha256: String
    /// Who signed it.
    var signer: String?
    /// Why it can't be used.
    var fault: (cause: Build.Cause, reason: String)?
  }

  /// What a look at a file comes to.
  private enum Look {
    case found(FoundBuild)
    /// Somebody writes it: what was there before counts until that is done.
    case busy
    /// It could not be looked at now: the next change, or its time, makes another try.
    case unsettled(String)
    /// It must not be used.
    case refused(String)
  }

  /// A file with the builds that may serve, the one that should first.
  private struct Offer {
    var file: String
    var last: Build
    var candidates: [Build]
  }

  init(
    _ settings: PluginDirectory.Settings, launcher: any Launcher, log: Logger,
    now: @escaping @Sendable () -> Timestamp, amend: @escaping PluginDirectory.Amendment
  ) {
    self.settings = settings
    self.launcher = launcher
    self.log = log
    self.now = now
    self.amend = amend
    signatures = settings.allowedSigners.map { SignedBuilds($0, in: settings.builds) }
    index = BuildIndex(in: settings.builds)
  }

  /// Returns the plugins that serve from now on, and what is refused.
  func scan() async -> Catalog {
    readIndex()
    let start = now()
    var catalog = Catalog(plugins: [], refused: [])
    var names: [String] = []
    do {
      names = try TrustedFiles.names(in: settings.path, "plugin directory").filter { $0.hasSuffix(".so") }
      index.keep(names)
    } catch {
      catalog.refused.append(RefusedPlugin(path: settings.path, reason: "\(error)"))
    }
    seen = seen.filter { names.contains($0.key) }
    known = known.filter { names.contains($0.key) }
    var offers: [Offer] = []
    var wanted: [String] = []
    for name in names {
      let folder = PluginFolder(beside: path(of: name), known: known[name] ?? [:])
      known[name] = folder.known
      if let offer = await offer(of: name, folder, &catalog.refused) { offers.append(offer) }
      let wantsFiles = index[name].last.flatMap { described[$0.sha256] }?.hasFiles ?? false
      if wantsFiles || access(folder.path, F_OK) == 0 { wanted.append(folder.path) }
    }
    folders = wanted
    for offer in offers {
      if let cause = offer.last.quarantine?.cause { catalog.quarantined[cause, default: 0] += 1 }
    }
    let files = await place(offers, in: &catalog)
    saveIndex()
    // Nobody has asked for these; whoever does so later has them described anew.
    for sha256 in unsettled.forgetThose(dueAt: start) { described[sha256] = nil }
    described = described.filter { found in index.shelves.values.contains { $0.build(found.key) != nil } }
    catalog.refused.sort { $0.path < $1.path }
    return amend(catalog, files)
  }

  private func path(of name: String) -> String { settings.path + "/" + name }
  private func copy(of sha256: String) -> String { "\(settings.builds)/\(sha256).so" }

  /// When a build is to be described again; nil for never.
  var nextTry: Timestamp? { unsettled.next }

  // MARK: One file

  /// Looks at a file and takes note of its build; returns what may serve.
  private func offer(
    of name: String, _ folder: PluginFolder, _ refused: inout [RefusedPlugin]
  ) async -> Offer? {
    func refuse(_ reason: String) { refused.append(RefusedPlugin(path: path(of: name), reason: reason)) }
    switch await look(at: name, folder) {
    case .refused(let reason):
      refuse(reason)
      return nil
    case .unsettled(let reason): refuse(reason)
    case .busy: break
    case .found(let build):
      note(build, in: name)
      if let plugin = described[build.sha256], build.fault == nil {
        refused += folder.refused + folder.problems(of: plugin, at: path(of: name))
        if let reason = unsettled.reason(for: build.sha256) { refuse(reason) }
      }
    }
    await reconsider(index[name].builds.dropLast(), in: name)
    guard let last = index[name].last else { return nil }
    return Offer(file: name, last: last, candidates: await signed(index[name].candidates))
  }

  /// Lets earlier builds of a file serve again whose signer may sign again.
  private func reconsider(_ builds: some Collection<Build>, in name: String) async {
    for build in builds where build.quarantine?.cause == .signature {
      if await signatures?.isSigned(build) ?? (signatures == nil) { index[name].release(build.sha256) }
    }
  }

  /// Returns those builds that somebody has signed, if that must be; as long as that can't be told, what was
  /// found before counts.
  private func signed(_ builds: [Build]) async -> [Build] {
    guard let signatures else { return builds }
    var signed: [Build] = []
    for build in builds where await signatures.isSigned(build) ?? true { signed.append(build) }
    return signed
  }

  private func note(_ build: FoundBuild, in name: String) {
    index[name].put(build.sha256, at: now())
    if let (cause, reason) = build.fault {
      index[name].quarantine(build.sha256, Build.Quarantine(cause, reason, since: now()))
    } else if let plugin = described[build.sha256] {
      index[name].accept(build.sha256, as: plugin, signedBy: build.signer)
    }
  }

  private func look(at name: String, _ folder: PluginFolder) async -> Look {
    let signature = PluginFile.mark(at: path(of: name) + BuildSignatures.suffix)
    do {
      let file = try PluginFile(opening: path(of: name), owner: geteuid())
      let marks = [file.mark, signature, settings.allowedSigners.flatMap(PluginFile.mark)]
      let files = folder.digest(with: "")
      if let last = seen[name], last.marks == marks, last.files == files,
        !unsettled.isDue(last.build.sha256, at: now())
      {
        return .found(last.build)
      }
      guard try !file.isBeingWritten() else { return .busy }
      let sha256 = try file.copy(into: settings.builds, with: folder)
      guard try file.isAsOpened() else { return .busy }
      var build = FoundBuild(sha256: sha256)
      do {
        build.signer = try await signatures?.signer(
          of: sha256, signature: path(of: name) + BuildSignatures.suffix)
        try await describe(sha256)
      } catch let error as LinuxError {
        guard let cause = error.reason.cause else { return .unsettled(Self.reason(error)) }
        build.fault = (cause, Self.reason(error))
        forget(sha256)
      }
      seen[name] = Seen(marks: marks, files: files, build: build)
      return .found(build)
    } catch is PluginFolder.HasChanged {
      return .busy
    } catch {
      return .refused(Self.reason(error))
    }
  }

  /// Has a build describe itself, once; one that has not told all again when its time has come.
  private func describe(_ sha256: String) async throws {
    guard described[sha256] == nil || unsettled.isDue(sha256, at: now()) else { return }
    if unsettled.isWaiting(sha256, at: now()) { try unsettled.check(sha256) }
    do {
      var plugin = try await launcher.describe(copy(of: sha256))
      plugin.sha256 = sha256
      described[sha256] = plugin
      guard plugin.isUnfinished else { return unsettled.settle(sha256) }
      unsettled.note(sha256, "there was no time for all of its files", at: now())
    } catch let error as LinuxError {
      guard error.reason.cause == nil else {
        unsettled.settle(sha256)
        throw error
      }
      unsettled.note(sha256, Self.reason(error), at: now())
      // What it has told before counts on.
      if described[sha256] == nil { try unsettled.check(sha256) }
    }
  }

  /// Returns what a build says of itself; nil if it can't be used, or not yet.
  private func plugin(of sha256: String) async -> Plugin? {
    let isWaiting = unsettled.isWaiting(sha256, at: now())
    guard !isWaiting, access(copy(of: sha256), R_OK) == 0 else { return described[sha256] }
    do { try await describe(sha256) } catch {
      log.error(
        "an earlier build of a plugin can't be described",
        metadata: ["build": "\(sha256)", "reason": "\(Self.reason(error))"])
    }
    return described[sha256]
  }

  /// Removes the copy of a build that is no plugin, unless another file had it and it was one.
  private func forget(_ sha256: String) {
    let isKnown = index.shelves.values.contains { $0.build(sha256)?.plugin != nil }
    guard !isKnown, described[sha256] == nil else { return }
    unlink(copy(of: sha256))
    unlink(copy(of: sha256) + BuildSignatures.suffix)
    PluginFolder.remove("\(settings.builds)/\(sha256).d")
  }

  private static func reason(_ error: any Error) -> String { (error as? LinuxError)?.why ?? "\(error)" }

  // MARK: All files

  /// Puts what serves into a catalog: whoever has a name keeps it, of newcomers the one that came first gets
  /// it. Returns the file of each plugin by the plugin's name.
  private func place(_ offers: [Offer], in catalog: inout Catalog) async -> [String: String] {
    func isIncumbent(_ offer: Offer) -> Bool {
      offer.candidates.first?.plugin.map { serving[$0]?.file == offer.file } ?? false
    }
    let newcomers = offers.filter { !isIncumbent($0) }.sorted {
      ($0.last.since.rawValue, $0.file) < ($1.last.since.rawValue, $1.file)
    }
    // Names that a library has are not another one's for the files that anybody adds.
    func hasFiles(_ offer: Offer) -> Bool {
      offer.candidates.first.flatMap { described[$0.sha256] }?.hasFiles ?? false
    }
    let inOrder = offers.filter(isIncumbent) + newcomers
    var next: [String: (file: String, sha256: String)] = [:]
    for offer in inOrder.filter({ !hasFiles($0) }) + inOrder.filter(hasFiles) {
      if let plugin = await server(of: offer, beside: &catalog) {
        catalog.plugins.append(standing(plugin, in: offer))
        next[plugin.name] = (offer.file, plugin.sha256)
      } else if let reason = offer.last.quarantine?.reason {
        catalog.refused.append(RefusedPlugin(path: path(of: offer.file), reason: reason))
      }
    }
    serving = next
    catalog.plugins.sort { left, right in
      guard left.hasFiles == right.hasFiles else { return right.hasFiles }
      return (next[left.name]?.file ?? "") < (next[right.name]?.file ?? "")
    }
    return next.mapValues { path(of: $0.file) }
  }

  /// Returns the first build of a file that can serve beside others.
  private func server(of offer: Offer, beside catalog: inout Catalog) async -> Plugin? {
    for build in offer.candidates {
      guard var plugin = await plugin(of: build.sha256), !isBehind(plugin, in: offer) else { continue }
      if plugin.hasFiles { leaveOut(&plugin, path(of: offer.file), takenIn: &catalog) }
      guard let clash = catalog.clash(with: plugin) else { return plugin }
      catalog.refused.append(RefusedPlugin(path: path(of: offer.file), reason: clash))
    }
    return nil
  }

  /// Whether a build lacks handlers that the one which serves has, and may yet tell of them: for the first
  /// few tries that one serves on.
  private func isBehind(_ plugin: Plugin, in offer: Offer) -> Bool {
    guard plugin.isUnfinished, unsettled.isNew(plugin.sha256), let former = serving[plugin.name],
      former.sha256 != plugin.sha256, offer.candidates.contains(where: { $0.sha256 == former.sha256 })
    else { return false }
    let names = Set(plugin.handlers.map(\.name))
    return described[former.sha256]?.handlers.contains { !names.contains($0.name) } ?? false
  }

  /// A plugin with files of its own loses only the handlers whose names are taken.
  private func leaveOut(_ plugin: inout Plugin, _ file: String, takenIn catalog: inout Catalog) {
    let taken = catalog.handlerNames
    for name in plugin.handlers.map(\.name) where taken.contains(name) {
      catalog.refused.append(RefusedPlugin(path: file, reason: "a part of it: \(Catalog.isTaken(name))"))
    }
    plugin.handlers.removeAll { taken.contains($0.name) }
  }

  /// Notes in whose place a build serves; that a name of the last one is taken is told already.
  private func standing(_ plugin: Plugin, in offer: Offer) -> Plugin {
    let isMeant = offer.last.quarantine != nil || index[offer.file].chosen == plugin.sha256
    guard offer.last.sha256 != plugin.sha256, isMeant else { return plugin }
    var plugin = plugin
    plugin.standsIn = StandIn(
      sha256: offer.last.sha256, file: path(of: offer.file), quarantine: offer.last.quarantine)
    return plugin
  }

  // MARK: Earlier builds

  /// Returns the builds that the file of a plugin has been, the newest first.
  func builds(of plugin: String) -> [BuildStanding] {
    guard let (file, sha256) = serving[plugin] else { return [] }
    return index[file].standings(serving: sha256)
  }

  /// Goes back to the build before the one that serves; the next scan puts it into use.
  func rollback(_ plugin: String) async throws -> Build {
    guard let (file, sha256) = serving[plugin] else {
      throw Refusal(.notFound, "there is no plugin `\(plugin)` in use")
    }
    let usable = await signed(index[file].builds).map(\.sha256)
    let former = index[file]
    let found = index[file].rollback(from: sha256) {
      access(copy(of: $0), R_OK) == 0 && usable.contains($0)
    }
    guard let found else {
      throw Refusal(
        .conflict, "there is no build of plugin `\(plugin)` before the one that serves",
        hint: "put one into the plugin directory")
    }
    do { try index.save() } catch {
      index[file] = former
      throw Refusal(.storage, "\(error)")
    }
    return found
  }

  /// Looks whether the build of an attempt that crashed is fit to serve; returns whether it is no more. One
  /// in whose place no other could serve stays: the breaker holds its jobs back.
  func judge(_ attempt: AttemptID, _ judge: BuildJudge) async -> Bool {
    do {
      guard let sha256 = try await judge.build(of: attempt),
        let file = serving.values.first(where: { $0.sha256 == sha256 })?.file,
        let build = index[file].build(sha256), let reason = try await judge.fault(of: build),
        index[file].hasOther(than: sha256)
      else { return false }
      index[file].quarantine(sha256, Build.Quarantine(.crashes, reason, since: now()))
      saveIndex()
      return true
    } catch {
      log.error(
        "not known whether a build only crashes", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      return false
    }
  }

  /// The builds of which copies are needed.
  var neededBuilds: Set<String> {
    index.shelves.reduce(into: []) { needed, shelf in
      needed.formUnion(shelf.value.needed(serving: serving.values.first { $0.file == shelf.key }?.sha256))
    }
  }

  private func readIndex() {
    guard !hasIndex else { return }
    hasIndex = true
    do { try index.read() } catch {
      log.error(
        "what plugins were before is not known: each serves as it lies", metadata: ["error": "\(error)"])
    }
  }

  private func saveIndex() {
    do { try index.save() } catch {
      log.error("the builds of plugins are not on record", metadata: ["error": "\(error)"])
    }
  }
}
