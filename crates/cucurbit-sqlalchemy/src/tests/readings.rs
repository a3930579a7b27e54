//! Readings that SQLAlchemy has no text for.
