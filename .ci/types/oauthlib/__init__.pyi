"""Types of what oauthbridge uses of oauthlib, which has none."""
