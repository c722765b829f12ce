// swift-tools-version: 6.3
import PackageDescription

/// `etc/fuzz` sets it: then there are the fuzz program in the place of `FuzzingTests`, parsers that tell
/// libFuzzer where an input has led them, and AddressSanitizer.
let isFuzzed = Context.environment["MILLRACE_FUZZ"] == "1"
let sanitizers = ["-sanitize=fuzzer,address"]

/// What every Swift target of ours is held to.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  .treatWarning("DeprecatedDeclaration", as: .warning),
  .unsafeFlags(isFuzzed ? sanitizers + ["-enable-testing"] : []),
]

/// `millrace-host` needs libc only: it starts fast and never meets a plugin's own Swift runtime.
let embedded: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableExperimentalFeature("Embedded"),
  .unsafeFlags(["-wmo"]),
  .treatAllWarnings(as: .error),
]

let strictC: [CSetting] = [
  .define("_GNU_SOURCE"),
  .unsafeFlags(["-Wall", "-Wextra", "-Werror", "-O2"]),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOHTTP1", package: "swift-nio"),
]

/// A plugin exports one symbol.
let pluginC = strictC + [.unsafeFlags(["-fvisibility=hidden"])]

/// A plugin in C is linked without Swift's runtime, which each of its jobs would have to load.
let withoutSwift: LinkerSetting = .unsafeFlags([
  "-enable-experimental-feature", "Embedded", "-no-toolchain-stdlib-rpath",
])

/// A plugin in Swift has Swift's runtime inside: it starts sooner, and the machine needs none.
let withSwiftInside: [LinkerSetting] = [
  .unsafeFlags([
    "-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims",
    "-Xlinker", "--gc-sections", "-Xlinker", "-z", "-Xlinker", "defs",
    "-Xlinker", "--version-script=\(Context.packageDirectory)/plugins/exports.map",
  ]),
  .unsafeFlags(["-Xlinker", "--strip-all"], .when(configuration: .release)),
]

/// Addresses that the loader has to move take a fortieth of the room: 3 MiB less to read, and to keep.
let packedAddresses: LinkerSetting = .unsafeFlags(
  ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"], .when(configuration: .release))

/// A handler that ships: a folder in `plugins/` becomes the shared library `lib<name>.so`.
func plugin(
  _ name: String, dependencies: [Target.Dependency] = ["CMillraceParameters"], links: [String] = [],
  swift: Bool = false, embeds: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "plugins/\(name)", exclude: ["README.md"] + embeds,
    publicHeadersPath: swift ? nil : ".",
    cSettings: swift ? [] : pluginC, swiftSettings: swift ? strict : [],
    linkerSettings: links.map { .linkedLibrary($0) } + (swift ? withSwiftInside : [withoutSwift]))
}

/// What a plugin in C that works on files needs.
let onTrees: [Target.Dependency] = ["CMillraceParameters", "CMillraceTree"]

/// A test target in `Tests/`.
func tests(_ name: String, of dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: strict)
}

/// What has parsers of bytes from elsewhere.
let parsers: [Target.Dependency] = [
  "CMillrace", "CMillraceLinux", "MillraceClient", "MillraceCore", "MillraceEngine", "MillraceHTTP",
  "MillraceHostReaders", "MillraceLinux", "MillraceSimulator", "MillraceSlurm", "MillraceWire",
  "MillraceYAML",
  .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Yams", package: "Yams"),
]
let fuzzing: [Target] =
  isFuzzed
  ? [
    .target(
      name: "Fuzzing", dependencies: parsers, path: "Tests/FuzzingTests",
      exclude: ["Corpora", "CorpusTests.swift"], swiftSettings: strict),
    .executableTarget(
      name: "millrace-fuzz", dependencies: ["Fuzzing"], path: "Tests/FuzzProgram", cSettings: strictC,
      linkerSettings: [.unsafeFlags(sanitizers)]),
  ] : [tests("FuzzingTests", of: parsers, exclude: ["Corpora", "FuzzEntry.swift"])]

let pluginNames = [
  "exec", "checksum", "thumbnail", "wordcount", "balloon", "spin", "lookup", "python", "cleanup",
  "archiver", "mirror", "sqlite", "index", "http", "health", "metrics",
]

let package = Package(
  name: "millrace",
  products: [
    .executable(name: "millrace", targets: ["millrace"]),
    .executable(name: "millraced", targets: ["millraced"]),
    .executable(name: "millrace-host", targets: ["millrace-host"]),
  ] + pluginNames.map { .library(name: $0, type: .dynamic, targets: [$0]) },
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    // The boundary to plugins and to the kernel.
    .target(name: "CMillrace", cSettings: strictC),
    .target(name: "CMillraceLinux", cSettings: strictC),
    .systemLibrary(
      name: "Clibcgroup", pkgConfig: "libcgroup", providers: [.apt(["libcgroup-dev"])]),

    .target(
      name: "CMillraceParameters", dependencies: ["CMillrace"], cSettings: pluginC,
      linkerSettings: [.linkedLibrary("jansson"), .linkedLibrary("m")]),
    .target(name: "CMillraceTree", dependencies: ["CMillrace", "CMillraceParameters"], cSettings: pluginC),
    .target(
      name: "CMillraceTransfer", dependencies: ["CMillrace"], cSettings: pluginC,
      linkerSettings: [.linkedLibrary("curl")]),
    .systemLibrary(
      name: "Cnettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),

    // What a job is and what should happen next.
    .target(name: "MillraceCore", swiftSettings: strict),
    .target(
      name: "MillraceEngine", dependencies: ["MillraceCore", logging, lifecycle], swiftSettings: strict),

    // The time zones of the machine.
    .target(name: "MillraceZones", dependencies: ["MillraceCore"], swiftSettings: strict),

    // The core against made-up machines.
    .systemLibrary(name: "Czlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "MillraceSimulator", dependencies: ["MillraceCore", "Czlib"], swiftSettings: strict),

    // Adapters.
    .target(
      name: "MillraceLinux",
      dependencies: [
        "MillraceCore", "MillraceEngine", "CMillraceLinux", "Clibcgroup", "Cnettle", logging,
      ],
      swiftSettings: strict),
    .target(
      name: "MillraceSlurm",
      dependencies: [
        "CMillraceLinux", "MillraceCore", "MillraceEngine", "MillraceLinux", logging,
      ], swiftSettings: strict),
    .target(
      name: "MillraceStore",
      dependencies: [
        "MillraceCore", "MillraceEngine", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .target(
      name: "MillraceYAML", dependencies: ["MillraceCore", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(
      name: "MillraceTracing",
      dependencies: [
        "MillraceCore", "MillraceEngine", logging,
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      swiftSettings: strict),
    .target(name: "MillraceWire", dependencies: ["MillraceCore"], swiftSettings: strict),
    .target(name: "MillraceSocket", swiftSettings: strict),
    .target(
      name: "MillraceHTTP",
      dependencies: [
        "MillraceCore", "MillraceEngine", "MillraceSocket", "MillraceWire",
        .product(name: "Hummingbird", package: "hummingbird"), logging, lifecycle,
      ] + nio,
      swiftSettings: strict),
    .target(
      name: "MillraceClient", dependencies: ["MillraceCore", "MillraceSocket", "MillraceWire"],
      swiftSettings: strict),
    .target(name: "MillracePlugin", dependencies: ["CMillrace"], swiftSettings: strict),

    // Programs.
    .executableTarget(
      name: "millrace",
      dependencies: [
        "MillraceClient", "MillraceCore", "MillraceEngine", "MillraceSimulator", "MillraceStore",
        "MillraceWire", "MillraceYAML", "MillraceZones",
        argumentParser,
      ],
      swiftSettings: strict, linkerSettings: [packedAddresses]),
    .executableTarget(
      name: "millraced",
      dependencies: [
        "CMillraceLinux", "MillraceCore", "MillraceEngine", "MillraceHTTP", "MillraceLinux",
        "MillraceSlurm", "MillraceSocket", "MillraceStore", "MillraceTracing", "MillraceWire",
        "MillraceYAML",
        "MillraceZones", argumentParser, lifecycle, logging,
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict, linkerSettings: [packedAddresses]),
    .executableTarget(
      name: "millrace-host", dependencies: ["MillraceHost"],
      cSettings: strictC,
      linkerSettings: [
        .unsafeFlags([
          "-enable-experimental-feature", "Embedded",
          // Libraries that are loaded later must find this one first. No other: the host's own Swift symbols
          // would take the place of theirs.
          "-Xlinker", "--export-dynamic-symbol=__register_atfork",
          // What is bound when it is first called is bound anew in each child.
          "-Xlinker", "-z", "-Xlinker", "now",
        ])
      ]),
    .target(name: "CMillraceHost", cSettings: strictC),
    .target(
      name: "MillraceHost", dependencies: ["CMillrace", "CMillraceHost", "CMillraceLinux"],
      swiftSettings: embedded),

    // Handlers that ship.
    plugin("exec"),
    plugin("checksum", links: ["crypto"]),
    plugin("thumbnail", links: ["gd"]),
    plugin("wordcount", dependencies: ["MillracePlugin"], swift: true),
    plugin("balloon"),
    plugin("spin"),
    plugin("metrics"),
    plugin("lookup"),
    .systemLibrary(name: "Cpython", pkgConfig: "python3-embed", providers: [.apt(["libpython3-dev"])]),
    plugin(
      "python", dependencies: ["CMillrace", "Cpython"],
      embeds: ["describe.py", "files.py", "job.py", "millrace.py", "schema.py"]),
    plugin("cleanup", dependencies: onTrees),
    plugin("archiver", dependencies: onTrees, links: ["archive"]),
    plugin("mirror", dependencies: onTrees),
    plugin("sqlite", dependencies: onTrees, links: ["sqlite3"]),
    plugin("index", dependencies: onTrees, links: ["sqlite3"]),
    plugin("http", dependencies: ["CMillraceParameters", "CMillraceTransfer"], links: ["crypto"]),
    plugin("health", dependencies: ["CMillraceParameters", "CMillraceTransfer"]),

    // What `make bench` measures with.
    .executableTarget(
      name: "millrace-bench",
      dependencies: [
        "CMillraceLinux", "MillraceClient", "MillraceCore", "MillraceEngine", "MillraceHTTP", "MillraceLinux",
        "MillraceSimulator", "MillraceSlurm", "MillraceStore", "MillraceTracing", "MillraceWire",
        "MillraceZones", argumentParser, lifecycle, logging, .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      path: "Benchmarks/Launch", swiftSettings: strict, linkerSettings: [packedAddresses]),

    // Tests. `KernelTests` needs cgroup v2 with its controllers: natively or in `etc/kernel/run`.
    .target(
      name: "TestSupport", dependencies: ["CMillraceLinux", "MillraceCore", "MillraceEngine"],
      path: "Tests/TestSupport",
      exclude: ["Fixtures"],
      swiftSettings: strict),
    .target(
      name: "CFaultyDisk", path: "Tests/CFaultyDisk", cSettings: strictC,
      linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(
      name: "PluginRecording", dependencies: ["CMillrace"], path: "Tests/PluginRecording",
      swiftSettings: strict),
    .executableTarget(
      name: "plugin-harness", dependencies: ["CMillrace", "PluginRecording"], path: "Tests/PluginHarness",
      swiftSettings: strict),
    .executableTarget(
      name: "millrace-chaos",
      dependencies: [
        "MillraceClient", "MillraceCore", "MillraceEngine", "MillraceStore", "MillraceWire", "TestSupport",
        argumentParser,
      ],
      path: "Tests/Chaos", swiftSettings: strict),
    tests("MillraceCoreTests", of: ["MillraceCore"]),
    tests("MillraceZonesTests", of: ["MillraceCore", "MillraceZones"]),
    tests("MillraceSimulatorTests", of: ["MillraceCore", "MillraceSimulator"]),
    tests("MillraceEngineTests", of: ["MillraceCore", "MillraceEngine"]),
    tests("MillraceHostTests", of: ["CMillraceLinux"]),
    // What of `MillraceHost` reads bytes, as links to its files, for processes with Swift's runtime.
    .target(
      name: "MillraceHostReaders", dependencies: ["CMillrace", "CMillraceLinux"], path: "Tests/HostReaders",
      swiftSettings: strict),
    tests(
      "MillraceLinuxTests",
      of: ["CMillraceLinux", "MillraceCore", "MillraceEngine", "MillraceLinux", logging],
      exclude: ["Fixtures"]),
    tests(
      "MillraceSlurmTests",
      of: [
        "CMillraceLinux", "MillraceCore", "MillraceEngine", "MillraceLinux", "MillraceSlurm", "MillraceStore",
        logging,
      ],
      exclude: ["host.py"]),
    tests(
      "MillraceStoreTests",
      of: [
        "CFaultyDisk", "MillraceCore", "MillraceEngine", "MillraceStore", "MillraceZones",
        .product(name: "GRDB", package: "GRDB.swift"), logging,
      ]),
    tests("MillraceYAMLTests", of: ["MillraceCore", "MillraceYAML"]),
    tests(
      "MillraceTracingTests",
      of: [
        "MillraceCore", "MillraceEngine", "MillraceTracing", logging,
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ]),
    tests("MillraceWireTests", of: ["MillraceCore", "MillraceWire"]),
    tests(
      "MillraceHTTPTests",
      of: [
        "MillraceClient", "MillraceCore", "MillraceEngine", "MillraceHTTP", "MillraceSocket", "MillraceWire",
        .product(name: "Yams", package: "Yams"),
      ]),
    tests("MillraceClientTests", of: ["MillraceClient", "MillraceCore", "MillraceWire"]),
    tests(
      "MillraceCommandTests",
      of: [
        "MillraceClient", "MillraceCore", "MillraceEngine", "MillraceSimulator", "MillraceStore",
        "MillraceWire", "MillraceYAML", "millrace", argumentParser,
      ]),
    tests(
      "MillracedTests",
      of: [
        "MillraceCore", "MillraceEngine", "MillraceLinux", "MillraceSlurm", "MillraceStore",
        "MillraceTracing", "MillraceWire", "MillraceYAML", "MillraceZones", "millraced", argumentParser,
        logging,
      ]),
    tests(
      "PluginTests",
      of: [
        "CMillrace", "CMillraceTransfer", "MillraceCore", "MillraceHTTP", "MillraceLinux", "MillracePlugin",
        "MillraceWire", "PluginRecording", "millrace", "plugin-harness",
      ]),
    tests("KernelTests", of: ["MillraceCore", "MillraceLinux", "MillraceWire", "millrace-chaos"]),
  ] + fuzzing
)
