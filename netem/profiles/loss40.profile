# Hardly a network: two of five packets are lost each way.
up="delay 100ms 30ms distribution normal loss 40% rate 1mbit"
down="delay 100ms 30ms distribution normal loss 40% rate 1mbit"
