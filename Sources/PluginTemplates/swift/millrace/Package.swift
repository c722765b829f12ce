// swift-tools-version: 6.2
import PackageDescription

/// What plugins in Swift are made with, as it came with Millrace.
let package = Package(
  name: "millrace",
  products: [.library(name: "MillracePlugin", targets: ["MillracePlugin"])],
  targets: [
    .target(name: "CMillrace", path: "CMillrace"),
    .target(
      name: "MillracePlugin", dependencies: ["CMillrace"], path: "MillracePlugin",
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ]),
  ]
)
