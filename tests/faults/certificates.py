"""Certificates for the TLS faults, made afresh for each run."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import trustme

AUTHORITY = trustme.CA()


def server_context(kind: str, host: str) -> ssl.SSLContext:
    """A server's side of TLS, faulty in the way that `kind` names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if kind == "self-signed":
        own = trustme.CA()
        with own.private_key_pem.tempfile() as key, own.cert_pem.tempfile() as certificate:
            context.load_cert_chain(certificate, key)
        return context
    authority = trustme.CA() if kind == "unknown" else AUTHORITY
    names = ["other.localhost"] if kind == "other" else [host]
    now = datetime.now(UTC)
    expiry = {"not_before": now - timedelta(days=9), "not_after": now - timedelta(days=1)} if kind == "expired" else {}
    authority.issue_cert(*names, **expiry).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    """What a machine that trusts our authority checks certificates with."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context
