"""What passed an interface, from the kernel's own counters."""


def interface_totals(text):
    """Received and sent bytes and packets of all devices but lo, from the text of a /proc/PID/net/dev."""
    totals = {"rx_bytes": 0, "rx_packets": 0, "tx_bytes": 0, "tx_packets": 0}
    for line in text.splitlines():
        device, colon, rest = line.partition(":")
        if not colon or device.strip() == "lo":
            continue
        fields = [int(word) for word in rest.split()]
        totals["rx_bytes"] += fields[0]
        totals["rx_packets"] += fields[1]
        totals["tx_bytes"] += fields[8]
        totals["tx_packets"] += fields[9]
    return totals
