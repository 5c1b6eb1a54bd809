import Glibc
import GodwitFuzzing

// libFuzzer's entry for programs with a main of their own (compiler-rt, FuzzerInterface.h).
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
    _ runOne: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let chosen: FuzzTarget? = getenv("GODWIT_FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }
guard chosen != nil else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    print("set GODWIT_FUZZ_TARGET to one of: \(names)")
    exit(2)
}
private var count = CommandLine.argc
private var arguments = CommandLine.unsafeArgv
exit(
    runFuzzer(&count, &arguments) { start, count in
        chosen?.run(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
    })
