"""A zorgkas's receiver judged: the suite pushes, and judges every receipt; and a receiver to measure by."""
