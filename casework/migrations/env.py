"""Alembic's entry: the connection comes from `casework.migrations.upgrade`."""

from __future__ import annotations

from alembic import context

from casework import (  # noqa: F401
    audit_models,
    channel_models,
    contact_models,
    group_models,
    inbox_models,
    plan_models,
    promotion_models,
)
from casework.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
