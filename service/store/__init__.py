"""What the service keeps: reports and revisions, assessments, accounts, keys, sessions, audit. SQLite or PostgreSQL."""

from service.store.engine import Store, StoreError

__all__ = ["Store", "StoreError"]
