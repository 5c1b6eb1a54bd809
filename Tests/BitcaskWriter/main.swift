import Bitcask
import BitcaskTorture
import Glibc

// Writes operations into a store from the number on that it is given, and says on its standard output, 8 bytes each, which are
// acknowledged, until it is killed: BitcaskWriter DIRECTORY NUMBER.
let arguments = CommandLine.arguments
guard arguments.count == 3, var number = UInt64(arguments[2]) else { exit(64) }
do {
    let store = try Bitcask(directory: arguments[1], options: TortureOperation.options)
    while true {
        try store.write(TortureOperation(number).batch, durability: number % 16 == 0 ? .synced : .flushed)
        var acknowledged = number.littleEndian
        guard Glibc.write(1, &acknowledged, 8) == 8 else { exit(1) }
        number += 1
    }
} catch {
    print(error)
    exit(70)
}
