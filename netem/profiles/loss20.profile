# A crowded radio cell: every fifth packet is lost each way, independently of the others.
up="delay 75ms 20ms distribution normal loss 20% rate 2mbit"
down="delay 75ms 20ms distribution normal loss 20% rate 2mbit"
