# EDGE: 600 ms round trip and 32 kbit/s up; the queue holds 60 packets, so a sender that fills it waits for minutes.
up="delay 300ms 80ms distribution normal loss 5% rate 32kbit limit 60"
down="delay 300ms 80ms distribution normal loss 5% rate 64kbit limit 60"
