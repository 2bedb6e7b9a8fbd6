"""The technical support office's room: outcomes become labels, candidates, evaluations and promotions."""
