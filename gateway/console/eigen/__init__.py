"""The screens of a facility and of a vendor: own messages and why they were refused, where one stands, and trying a message."""
