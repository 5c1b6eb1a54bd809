# UMTS at the edge of a cell: 180 ms round trip, jitter of a third of it, 384 kbit/s up.
up="delay 90ms 30ms distribution normal loss 3% rate 384kbit"
down="delay 90ms 30ms distribution normal loss 3% rate 1mbit"
