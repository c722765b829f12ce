import FoundationEssentials

/// A plugin in Swift that a test writes and builds, with Swift's runtime inside as those that ship.
package struct SwiftPlugin: Sendable {
  /// The top of this repository.
  package static let repository: String = {
    let file = URL(filePath: #filePath)
    return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }()

  /// What `swiftc` needs to find the kit for plugins that was built with the tests.
  package static let kit = [
    "-swift-version", "6", "-parse-as-library", "-I", "\(TestProcess.programs)/Modules",
    "-Xcc", "-fmodule-map-file=\(repository)/Sources/CMillrace/include/module.modulemap",
  ]

  private let directory: TemporaryDirectory
  /// The shared library.
  package let library: String

  /// Builds a plugin of one source file.
  ///
  /// - Throws: `TestFailure` with what the compiler says.
  package init(_ source: String) throws {
    directory = try TemporaryDirectory()
    let file = directory.path + "/Plugin.swift"
    try Data(source.utf8).write(to: URL(filePath: file))
    library = directory.path + "/libplugin.so"
    let links = [
      "-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims", "-Xlinker", "--gc-sections",
      "-Xlinker", "-z", "-Xlinker", "defs",
      "-Xlinker", "--version-script=\(Self.repository)/plugins/exports.map",
    ]
    let script = #"cd "$1" && objects=$2 && shift 2 && exec swiftc "$@" "$objects"/*.o"#
    let built = try TestProcess(
      "/bin/sh",
      ["-c", script, "sh", directory.path, "\(TestProcess.programs)/MillracePlugin.build"] + Self.kit + links
        + ["-module-name", "Plugin", "-emit-library", "-o", library, file]
    ).end()
    guard built.status == 0 else { throw TestFailure(built.output + built.errors) }
  }
}

extension SwiftPlugin {
  /// A plugin with the handler `patient`, which waits in three ways for the cancellation of its task.
  package static func patient() throws -> SwiftPlugin { try SwiftPlugin(patientSource) }

  private static let patientSource = """
    import FoundationEssentials
    import MillracePlugin

    struct Patient: Handler {
      enum Way: String, Decodable, CaseIterable { case sleep, spin, group }
      struct Parameters: Decodable { var way: Way }

      static let name = "patient"
      static let summary = "Waits until it is stopped"

      func run(_ parameters: Parameters, in context: Context) async throws -> String {
        context.progress(0, "begun")
        switch parameters.way {
        case .sleep: try await Task.sleep(for: .seconds(3600))
        case .spin: while !Task.isCancelled {}
        case .group:
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await Task.sleep(for: .seconds(3600)) } }
            try await group.waitForAll()
          }
        }
        return context.isCancelled ? "stopped" : "cancelled for no reason"
      }
    }

    @c(millrace_plugin_describe)
    public func describe() -> UnsafeRawPointer { PluginExport.describe(Patient.self, version: "1.0.0") }
    """
}
