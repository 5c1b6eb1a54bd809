import ArgumentParser

/// An error that is already written for people: printed as it is, without a usage text, and exit code 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        description = String(describing: error)
    }
}
