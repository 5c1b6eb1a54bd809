import Glibc

/// Large tables of zeros straight from the kernel: pages that nobody touches cost nothing, and giving them back is immediate.
enum ZeroedMemory {
    static func allocate(bytes: Int) throws(BitcaskError) -> UnsafeMutableRawPointer {
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw .outOfMemory }
        return memory
    }

    static func free(_ memory: UnsafeMutableRawPointer, bytes: Int) {
        munmap(memory, bytes)
    }
}
