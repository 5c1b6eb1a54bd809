# A geostationary link: the way up and down twice takes 477 ms at the least and about 600 ms with the ground's part (Huston, "Testing LEO and GEO
# satellite services in Australia", APNIC 2022); little loss, rates of a consumer's plan, a deep queue.
up="delay 290ms 15ms distribution normal loss 0.7% rate 2mbit limit 400"
down="delay 290ms 15ms distribution normal loss 0.7% rate 10mbit limit 1000"
