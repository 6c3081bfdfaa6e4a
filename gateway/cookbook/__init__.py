"""The pillars' cookbooks: loaded, looked through for holes, and drawn as pages."""
