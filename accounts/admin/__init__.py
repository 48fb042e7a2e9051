"""Registers people in the admin; holds base classes for the admins of all apps."""

from accounts.admin import people

__all__ = ["people"]
