// swift-tools-version:5.9
import PackageDescription

// The native library is found by the linker: see README.md for a build on the
// desktop (-Xlinker -L…) and for an XCFramework.
let package = Package(
    name: "Mailseal",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Mailseal", targets: ["Mailseal"])],
    targets: [
        .systemLibrary(name: "MailsealFFI", path: "Sources/MailsealFFI"),
        .target(
            name: "Mailseal",
            dependencies: ["MailsealFFI"],
            path: "Sources/Mailseal",
            linkerSettings: [.linkedLibrary("mailseal_kotlin")]
        ),
        .testTarget(
            name: "MailsealTests",
            dependencies: ["Mailseal"],
            path: "Tests/MailsealTests"
        ),
    ]
)
