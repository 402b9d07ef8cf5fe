"""The floor that logging is measured against: Flask and the ORM, three rows, one commit, nothing else."""

import os
import secrets
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, request
from sqlalchemy import ForeignKey, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class FloorTicket(Base):
    __tablename__ = "floor_tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    failure: Mapped[str]
    logged_at: Mapped[datetime]


class FloorText(Base):
    __tablename__ = "floor_texts"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("floor_tickets.id"))
    body: Mapped[str]


class FloorEvent(Base):
    __tablename__ = "floor_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("floor_tickets.id"))
    hash: Mapped[str]


def create() -> Flask:
    application = Flask(__name__)
    engine = create_engine(os.environ["DATABASE_URL"])
    one_writer = threading.Lock()
    if engine.dialect.name == "sqlite":
        _as_ours(engine)
    with suppress(DBAPIError):  # the other worker made them a moment earlier
        Base.metadata.create_all(engine)

    @application.post("/floor")
    def log() -> Any:
        with one_writer if engine.dialect.name == "sqlite" else threading.Lock(), Session(engine) as session:
            ticket = FloorTicket(failure=request.get_json()["failure"], logged_at=datetime.now(UTC))
            session.add(ticket)
            session.flush()
            session.add(FloorText(ticket_id=ticket.id, body="Hello"))
            session.add(FloorEvent(ticket_id=ticket.id, hash=secrets.token_hex(32)))
            session.commit()
            return jsonify(id=ticket.id), 201

    return application


def _as_ours(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "busy_timeout=5000", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


app = create()
