"""Runs the migrations on the connection that ALEMBIC_URL names; SETUP lists files that are executed first."""
import os
import sys

import sqlalchemy.orm
from alembic import context
from sqlalchemy import MetaData, create_engine, pool

C = {"options": {}, "root": os.environ["PACKAGE_ROOT"]}
sys.path.insert(0, C["root"])
for path in filter(None, os.environ.get("SETUP", "").split(os.pathsep)):
    exec(compile(open(path).read(), path, "exec"), {"C": C, "context": context, "config": context.config})
engine = create_engine(os.environ["ALEMBIC_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.config.attributes["connection"] = connection
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
