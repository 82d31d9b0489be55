"""Shopify's official Admin schemas, from the npm package that its maker publishes them in (ISC licence), kept in the cache."""

from __future__ import annotations

import functools
import gzip
import json
import os
import tarfile

import pytest
from graphql import DocumentNode, GraphQLSchema, build_client_schema, parse, validate

from tests.support.servers.node_packages import NoPackagesError, cache_folder, locked, pack

PACKAGE = "@shopify/dev-mcp@1.16.0"
_MEMBER = "package/dist/data/admin_{version}.json.gz"


@functools.cache
def schema_of(version: str) -> GraphQLSchema:
    """The schema of a version. Skips the test where it cannot be had, and fails it under INVSYNC_CI=1."""
    try:
        packed = _packed(version)
    except NoPackagesError as error:
        why = f"Shopify's schema is not available: {error}"
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(why)
        pytest.skip(why)
    schema = json.loads(gzip.decompress(packed))
    # Shopify deprecates required arguments, which the library refuses where it checks the schema itself.
    return build_client_schema(schema.get("data", schema), assume_valid=True)


def _packed(version: str) -> bytes:
    """The one file of a package of 14 MB, which is taken apart once."""
    file = cache_folder() / f"shopify-admin-{PACKAGE.rpartition('@')[2]}-{version}.json.gz"
    if not file.exists():
        with tarfile.open(pack(PACKAGE)) as tar:
            member = tar.extractfile(_MEMBER.format(version=version))
            assert member is not None
            content = member.read()
        with locked(file.name):
            part = file.with_suffix(".part")
            part.write_bytes(content)
            part.replace(file)
    return file.read_bytes()


@functools.cache
def checked(version: str, text: str) -> tuple[DocumentNode, tuple[str, ...]]:
    """A document, and what the schema of a version has against it."""
    document = parse(text)
    return document, tuple(error.message for error in validate(schema_of(version), document))
