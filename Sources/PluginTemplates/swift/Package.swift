// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "nameless",
  products: [.library(name: "nameless", type: .dynamic, targets: ["NamelessJob"])],
  dependencies: [.package(path: "millrace")],
  targets: [
    .target(name: "NamelessJob", dependencies: [.product(name: "MillracePlugin", package: "millrace")])
  ]
)
