"""What five seeds give, where the tests measure with one: a command for each chapter."""
