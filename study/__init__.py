"""Run searches, retrain the winners, test them."""
