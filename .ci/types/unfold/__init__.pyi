"""Types of what this project uses of django-unfold, which has none."""
