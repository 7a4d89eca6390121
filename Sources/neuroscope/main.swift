print("neuroscope")
