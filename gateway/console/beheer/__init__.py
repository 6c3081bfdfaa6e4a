"""What whoever runs and watches the whole needs: reports, the register, rules and prices, reference data."""
