"""Feature sets per village and per official: one definition for training and for scoring."""
