import FoundationEssentials
import Glibc

/// A plugin in Swift that a test writes and builds, with Swift's runtime inside as those that ship.
struct SwiftPlugin {
  struct CannotBuild: Error, CustomStringConvertible {
    var description: String
  }

  /// The top of this repository.
  static let repository: String = {
    let file = URL(filePath: #filePath)
    return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }()

  /// What `swiftc` needs to find the kit for plugins that was built with the tests.
  static let kit = [
    "-swift-version", "6", "-parse-as-library", "-I", "\(productsDirectory)/Modules",
    "-Xcc", "-fmodule-map-file=\(repository)/Sources/CMillrace/include/module.modulemap",
  ]

  private let directory: TemporaryDirectory
  /// The shared library.
  let library: String

  /// Builds a plugin of one source file.
  ///
  /// - Throws: `CannotBuild` with what the compiler says.
  init(_ source: String) throws {
    directory = try TemporaryDirectory()
    let file = try directory.write("Plugin.swift", Array(source.utf8))
    library = directory.path + "/libplugin.so"
    let links = [
      "-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims", "-Xlinker", "--gc-sections",
      "-Xlinker", "-z", "-Xlinker", "defs",
      "-Xlinker", "--version-script=\(Self.repository)/plugins/exports.map",
    ]
    let objects = "\(productsDirectory)/MillracePlugin.build"
    let built = try execute(
      ["sh", "-c", #"objects=$1; shift; exec swiftc "$@" "$objects"/*.o"#, "sh", objects] + Self.kit + links
        + [
          "-module-name", "Plugin", "-emit-library", "-o", library, file,
        ], in: directory.path)
    guard built.status == 0 else { throw CannotBuild(description: built.output) }
  }
}
