# Runs Alembic as its own command does, with the address of another database in its configuration.
import os
import sys

from alembic import config

url = os.environ.pop("CUCURBIT_VERIFY_URL")
given = config.Config


class Config(given):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.set_main_option("sqlalchemy.url", url.replace("%", "%%"))


config.Config = Config
config.main(argv=sys.argv[1:], prog="alembic")
