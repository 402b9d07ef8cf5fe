"""What somebody does who has the password of the database."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from tests.factories import Business


def tamper(business: Business, change_it: Callable[[Connection], object]) -> None:
    """Behind the product's back: no trigger, no foreign key."""
    engine = business.desk.writing
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("BEGIN")
        change_it(connection)
        connection.commit()
        connection.detach()  # nobody else gets a connection without its guards
