from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from recovery.models.base import Base

OF_SITE = "site_id IS NOT NULL"
OF_HOUSE = "site_id IS NULL"


class TextVersion(Base):
    """A text in somebody's own words. Rows are only added; which of them is sent may change, and none means the shipped."""

    __tablename__ = "text_versions"
    __table_args__ = (
        CheckConstraint("version >= 1", name="counts_from_one"),
        # services.texting.rewriting: one number, and one that is sent, for each text of a site and of the house
        Index(
            "uq_text_versions_site",
            "site_id",
            "language",
            "name",
            "version",
            unique=True,
            sqlite_where=text(OF_SITE),
            postgresql_where=text(OF_SITE),
        ),
        Index(
            "uq_text_versions_house",
            "language",
            "name",
            "version",
            unique=True,
            sqlite_where=text(OF_HOUSE),
            postgresql_where=text(OF_HOUSE),
        ),
        Index(
            "uq_text_versions_sent_at_site",
            "site_id",
            "language",
            "name",
            unique=True,
            sqlite_where=text(f"is_sent AND {OF_SITE}"),
            postgresql_where=text(f"is_sent AND {OF_SITE}"),
        ),
        Index(
            "uq_text_versions_sent_by_house",
            "language",
            "name",
            unique=True,
            sqlite_where=text(f"is_sent AND {OF_HOUSE}"),
            postgresql_where=text(f"is_sent AND {OF_HOUSE}"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    """None: of the whole house, for every site that has none of its own."""
    language: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(40))
    """Of the shipped text that it stands for."""
    version: Mapped[int]
    body: Mapped[str]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None]
    is_sent: Mapped[bool] = mapped_column(default=False)
