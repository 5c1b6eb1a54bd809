# A clean path with one bottleneck, for flows that share it: 1 Mbit/s to the phone, 200 ms round trip, a queue of one bandwidth-delay product (17
# packets). As slow as it is, so that the processor of a guest is no bottleneck. In netem a packet's wait in the queue counts towards its delay: all
# of the delay is on the other direction.
up="delay 200ms"
down="rate 1mbit limit 17"
