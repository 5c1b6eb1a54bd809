import StoreBench

extension UnsafeRawBufferPointer {
    /// As the C interfaces want bytes.
    @inline(__always)
    var characters: UnsafePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }
}

extension Optional {
    /// The value, or the word that `call` gave nothing.
    func required(_ call: String) throws -> Wrapped {
        guard let self else { throw BenchFailure("\(call) returned nothing") }
        return self
    }
}
